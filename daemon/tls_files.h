/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Certificates, keys, authorities and revocation lists as the configuration names them: paths, or
 * credentials of the service manager. A reload reads those that have changed since they were last
 * read; files that cannot be used change nothing.
 *
 * Thread: any, one call at a time for one set.
 */

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/diag.h"
#include "lib/base/err.h"
#include "lib/wire/tls.h"

/* What a section of the configuration says. */
struct tls_files {
    enum gad_tls_role role;
    struct gad_tls_files value; /* as written; borrowed */
    char section[64];           /* "[output NAME]", for messages */
};

/**
 * tls_files_context() - makes the SSL_CTX and reads its files, which may require root
 *
 * Returns 0 with @ret, which the caller owns; else @d names key and file, and says what to do.
 */
int tls_files_context(const struct tls_files *f, struct ssl_ctx_st **ret,
                      struct gad_diag *d) GAD_MUST_CHECK;

/* gad_tls_check_dates() of these files. */
int tls_files_check_dates(const struct tls_files *f, struct ssl_ctx_st *context,
                          struct gad_diag *d) GAD_MUST_CHECK;

/**
 * tls_files_check() - checks the files and their dates for `ganadd -t`
 *
 * Returns 0; @d then names the credential that was not checked because no service manager has
 * passed any, or is "".
 */
int tls_files_check(const struct tls_files *f, struct gad_diag *d) GAD_MUST_CHECK;

/* --- files that are renewed in place --- */

enum { TLS_FILES_WATCHED = 5 };

/* Identifies the file that was read: a replaced or modified file differs. */
struct tls_identity {
    int error; /* of stat(2) */
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec modified, changed;
};

struct tls_watched {
    const char *key; /* NULL: not in use */
    char path[PATH_MAX];
    struct tls_identity was, is;
};

/* The files of one section. All zero: none are watched. */
struct tls_renewal {
    const struct tls_files *files; /* borrowed */
    struct tls_watched file[TLS_FILES_WATCHED];
    struct ssl_ctx_st *context; /* read and not applied yet; NULL: unchanged or not readable */
    /* why changed files are not applied; "": they are, or nothing has changed */
    struct gad_diag kept;
};

/* Notes the identity of each file, before they are read. */
void tls_renewal_init(struct tls_renewal *r, const struct tls_files *f);
void tls_renewal_forget(struct tls_renewal *r); /* discards what was read and not applied */

/* Reads the files if one has changed. On an error @d names the file that cannot be used. */
int tls_renewal_read(struct tls_renewal *r, struct gad_diag *d) GAD_MUST_CHECK;

/* @text: "[output NAME] certificate FILE", or a changed file that only root can read. */
typedef void tls_renewal_fn(void *arg, bool is_applied, const char *text);

/* The context that was read, which the caller then owns; NULL: nothing has changed. Reports each
 * changed file. */
struct ssl_ctx_st *tls_renewal_take(struct tls_renewal *r, tls_renewal_fn *fn, void *arg);
