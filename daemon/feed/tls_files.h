/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reads and checks the files of an output of type tls, and explains why one cannot be used. Thread:
 * any. */

#include "lib/base/err.h"

struct config_output;
struct gad_diag;

/**
 * transport_tls_context() - makes the SSL_CTX of an output and reads its files, which may require
 * root
 *
 * Returns 0 with @ret, which the caller owns; else @d names key and file, and says what to do.
 */
int transport_tls_context(const struct config_output *c, void **ret,
                          struct gad_diag *d) GAD_MUST_CHECK;
void transport_tls_context_free(void *context);

/* Returns the paths of the system's authorities, which an output without a key 'ca' trusts; either
 * may not exist. */
void tls_files_system_ca(const char **ret_file, const char **ret_directory);

/* Checks that each certificate in the files of @context is valid today; of several authorities, one
 * must be. */
int tls_files_check_dates(void *context, const struct config_output *c,
                          struct gad_diag *d) GAD_MUST_CHECK;

/**
 * tls_files_check() - checks the files and their dates for `ganadd -t`, as transport_tls_context()
 * reads them
 *
 * Returns 0; @d then names the credential that was not checked because no service manager has
 * passed any, or is "".
 */
int tls_files_check(const struct config_output *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Returns the oldest reason that OpenSSL has queued for this thread, which caused the later ones.
 * Clears the queue. */
const char *tls_reason(void);
