/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/checkpoint.h"

#include "daemon/config/config.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/sign/beside.h"
#include "models/detector.h"

static int verify(const char *file, const void *p, size_t len, const struct config_trust *t,
                  struct gad_signed *ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct gad_sign_keys *keys = gad_calloc(1, sizeof(*keys));

    if (!keys)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = gad_sign_keys_read(t->keys, keys, d);
    if (r == 0)
        r = gad_signed_check(file, p, len, keys, ret, d);
    if (r != 0 || ret->state == GAD_SIGNED || !t->require_signature)
        return r;
    if (ret->state == GAD_SIGNED_UNKNOWN)
        return gad_fail(d, -EPERM,
                        "%s: signed by key %s, which is not in %s, and [trust] require_signature "
                        "is yes",
                        file, ret->key, t->keys);
    return gad_fail(d, -EPERM, "%s: not signed, and [trust] require_signature is yes", file);
}

int checkpoint_open(const char *file, const struct config_trust *t, struct gad_detector **ret,
                    struct gad_signed *ret_signed, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *p = NULL;
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;
    size_t len = 0;

    int r = gad_file_read(file, GAD_CKPT_FILE_MAX, &p, &len, d);
    if (r == 0)
        r = verify(file, p, len, t, ret_signed, d);
    if (r == 0)
        r = gad_checkpoint_parse(file, p, len, &c, d);
    return r == 0 ? gad_detector_new(file, c, ret, d) : r;
}
