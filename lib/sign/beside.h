/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Checks the signature of a file, which lies beside it as FILE.minisig. */

#include "lib/sign/minisign.h"

enum gad_signed_state {
    GAD_SIGNED_NOT,     /* FILE.minisig does not exist */
    GAD_SIGNED_UNKNOWN, /* signed by a key that is not trusted */
    GAD_SIGNED,
};

struct gad_signed {
    enum gad_signed_state state;
    char key[GAD_SIGN_ID_TEXT]; /* number of the signing key; "" without a signature */
    struct gad_sign_key by;     /* of the trusted keys if GAD_SIGNED, else zeros */
    /* trusted comment if GAD_SIGNED, else ""; any bytes but NUL */
    char comment[GAD_SIGN_COMMENT_MAX + 1];
};

/**
 * gad_signed_check() - checks the signature beside @path against its content
 * @p: (len) the content as the caller has read it: the file may have changed since
 *
 * Returns 0 with the result in *ret. Returns an error if the signature cannot be read, or if a
 * trusted key signed other content: then the file is not what was signed.
 */
int gad_signed_check(const char *path, const void *p, size_t len, const struct gad_sign_keys *keys,
                     struct gad_signed *ret, struct gad_diag *d) GAD_MUST_CHECK;
