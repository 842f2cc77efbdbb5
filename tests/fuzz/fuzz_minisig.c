/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a signature and as a public key: refused with a reason, or complete; and never a
 * valid signature. */
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/sign/claim.h"
#include "lib/sign/minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

/* What is read has its limits, and is read again from its canonical form. */
static void claim(const char *text, size_t len)
{
    struct gad_diag d = {""};
    struct gad_claim c, again;
    char canonical[128];

    int r = gad_claim_parse(text, len, &c, &d);
    require(r == 0 || r == GAD_END || (r == GAD_EFORMAT && *d.text));
    require(strlen(c.model) < GAD_CLAIM_NAME && c.version <= GAD_CLAIM_VERSION_MAX);
    if (r != 0 || !*c.model || c.version == 0)
        return;
    int n = snprintf(canonical, sizeof(canonical), "ganad model=%s version=%llu", c.model,
                     (unsigned long long)c.version);
    require(gad_claim_parse(canonical, (size_t)n, &again, NULL) == 0);
    require(strcmp(c.model, again.model) == 0 && c.version == again.version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gad_diag d = {""};
    struct gad_signature s;
    struct gad_sign_key key;
    static struct gad_sign_keys keys;

    claim((const char *)data, size);
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
