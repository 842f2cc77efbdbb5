/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The signature that lies beside a file. */

#include "lib/sign/minisign.h"

enum gad_signed_state {
    GAD_SIGNED_NOT,     /* there is no FILE.minisig */
    GAD_SIGNED_UNKNOWN, /* there is one, by a key that is not trusted */
    GAD_SIGNED,
};

struct gad_signed {
    enum gad_signed_state state;
    char key[GAD_SIGN_ID_TEXT];             /* number of the key that signed; "" if nobody did */
    char comment[GAD_SIGN_COMMENT_MAX + 1]; /* the trusted one, of GAD_SIGNED; any bytes but NUL */
};

/**
 * gad_signed_check() - what @path's signature says of its content
 * @p: (len) the content as it was read, and not as it may be when it is looked at again
 *
 * Return: 0 with what was found in *ret; an error if the signature cannot be read, or is none of this content although
 * its key is trusted: then the file is not what was signed.
 */
int gad_signed_check(const char *path, const void *p, size_t len, const struct gad_sign_keys *keys,
                     struct gad_signed *ret, struct gad_diag *d) GAD_MUST_CHECK;
