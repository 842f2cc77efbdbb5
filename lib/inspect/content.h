/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The 13 content features of a connection (KDD99 columns 10 to 22), counted from the bytes of its
 * two directions. A feature that cannot be decided stays 0.
 */

#include <stdint.h>

struct gad_content {
    uint16_t hot, num_failed_logins, num_compromised, num_root, num_file_creations, num_shells,
        num_access_files, num_outbound_cmds; /* all saturate */
    uint8_t logged_in, root_shell, su_attempted, is_host_login, is_guest_login;
    uint8_t found; /* enum gad_found, by the first bytes; no feature */
};
