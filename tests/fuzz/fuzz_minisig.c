/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a signature and as a public key: refused with a reason, or complete; and never a
 * valid signature. */
#include <string.h>

#include "lib/base/diag.h"
#include "lib/sign/minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gad_diag d = {""};
    struct gad_signature s;
    struct gad_sign_key key;
    static struct gad_sign_keys keys;

    if (gad_sign_key_parse(data, size, &key, &d) != 0)
        require(strstr(d.text, "line ") != NULL);
    else
        keys.key[0] = key;
    if (gad_signature_parse(data, size, &s, &d) != 0) {
        require(strstr(d.text, "line ") != NULL);
        return 0;
    }
    require(strlen(s.comment) <= GAD_SIGN_COMMENT_MAX);
    keys.n = 0;
    require(gad_signature_verify(&s, &keys, "x", 1) == GAD_EUNKNOWN);
    keys.n = 1;
    memcpy(keys.key[0].id, s.id, sizeof(s.id));
    require(gad_signature_verify(&s, &keys, "not what anybody signed", 23) == GAD_EMISMATCH);
    return 0;
}
