/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * libcrypto, begun. OpenSSL 3.0 goes through a null pointer in whatever first asks for an algorithm if memory was
 * short when its default context was made; a program makes it here, before it does anything else with OpenSSL.
 */

#include "lib/base/diag.h"

/* Once, before there are threads. 0 or GAD_ENOMEM, with the reason; then OpenSSL must not be used. */
int gad_crypto_init(struct gad_diag *d);
