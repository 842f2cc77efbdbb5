/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a connection was found to be by more than the port of its responder. */
enum gad_found {
    GAD_FOUND_NOTHING,  /* it is what the port says */
    GAD_FOUND_FTP_DATA, /* by the FTP session of its hosts */
    GAD_N_FOUND,
};
