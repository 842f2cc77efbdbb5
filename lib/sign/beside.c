/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sign/beside.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"

int gad_signed_check(const char *path, const void *p, size_t len, const struct gad_sign_keys *keys,
                     struct gad_signed *ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    struct gad_signature s;
    char beside[PATH_MAX];
    size_t text_len = 0;

    *ret = (struct gad_signed){.state = GAD_SIGNED_NOT};
    int n = snprintf(beside, sizeof(beside), "%s.minisig", path);
    if (n < 0 || (size_t)n >= sizeof(beside))
        return gad_fail(d, GAD_ELIMIT, "%s: the path is too long for a signature beside it", path);
    int r = gad_file_read(beside, GAD_SIGN_FILE_MAX, &text, &text_len, d);
    if (r == -ENOENT)
        return 0;
    if (r != 0)
        return r;
    r = gad_signature_parse(text, text_len, &s, d);
    if (r != 0) {
        gad_diag_prefix(d, "%s", beside);
        return r;
    }
    gad_sign_id_text(s.id, ret->key);
    r = gad_signature_verify(&s, keys, p, len);
    if (r == GAD_EUNKNOWN) {
        ret->state = GAD_SIGNED_UNKNOWN;
        return 0;
    }
    if (r != 0)
        return gad_fail(d, r, "%s: the signature in %s, by key %s, is not of this file", path,
                        beside, ret->key);
    ret->state = GAD_SIGNED;
    for (size_t i = keys->n; i-- > 0;) /* the first one of this number verified it */
        if (memcmp(keys->key[i].id, s.id, sizeof(s.id)) == 0)
            ret->by = keys->key[i];
    memcpy(ret->comment, s.comment, sizeof(s.comment));
    return 0;
}
