/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of an output of type tls: read, checked, and explained when they are of no use. Thread: any. */

#include "lib/base/err.h"

struct config_output;
struct gad_diag;

/**
 * transport_tls_context() - the SSL_CTX of an output, with its files read, which may need root
 * Return: 0 with @ret, whose owner is the caller; else @d names key and file, and says what to do.
 */
int transport_tls_context(const struct config_output *c, void **ret,
                          struct gad_diag *d) GAD_MUST_CHECK;
void transport_tls_context_free(void *context);

/* Where the system's authorities are, which an output without a key 'ca' trusts; either may not exist. */
void tls_files_system_ca(const char **ret_file, const char **ret_directory);

/* Whether each certificate in the files of @context is valid today; of several authorities one will do. */
int tls_files_check_dates(void *context, const struct config_output *c,
                          struct gad_diag *d) GAD_MUST_CHECK;

/**
 * tls_files_check() - what `ganadd -t` does with these files: as transport_tls_context(), and their dates
 * Return: 0, and @d says which credential was passed over because no service manager has handed over any, or "".
 */
int tls_files_check(const struct config_output *c, struct gad_diag *d) GAD_MUST_CHECK;

/* The oldest reason that OpenSSL has queued for this thread, which is the one that the others followed from. */
const char *tls_reason(void);
