/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flip_signed FILE KEYS STEP: changes one bit of every STEPth byte of a signed file. Each change
 * must be found, and the unchanged file must be accepted. With STEP 1 it changes every byte.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/sign/beside.h"

int main(int argc, char **argv)
{
    gad_cleanup(gad_freep) uint8_t *p = NULL;
    static struct gad_sign_keys keys;
    struct gad_signed s;
    struct gad_diag d = {""};
    size_t len = 0, n = 0, n_bad = 0;
    uint64_t step;

    if (argc != 4 || gad_sign_keys_read(argv[2], &keys, &d) != 0 ||
        gad_file_read(argv[1], 80 << 20, &p, &len, &d) != 0) {
        fprintf(stderr, "flip_signed: %s\n", d.text);
        return 2;
    }
    if (gad_text_u64(argv[3], strlen(argv[3]), 1 << 20, &step) != 0 || step == 0)
        return 2;
    for (size_t at = 0; at < len; at += step, n++) {
        p[at] ^= (uint8_t)(1 << at % 8);
        n_bad += gad_signed_check(argv[1], p, len, &keys, &s, NULL) != GAD_EMISMATCH;
        p[at] ^= (uint8_t)(1 << at % 8);
    }
    bool is_good = gad_signed_check(argv[1], p, len, &keys, &s, &d) == 0 && s.state == GAD_SIGNED;
    printf("%zu of %zu bytes changed, %zu not seen\n", n, len, n_bad);
    return is_good && n > 0 && n_bad == 0 ? 0 : 1;
}
