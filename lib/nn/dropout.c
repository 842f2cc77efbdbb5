/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/dropout.h"

#include <string.h>

#include "lib/base/rng.h"

struct gad_dropout_rng gad_dropout_rng_init(uint64_t seed, uint64_t stream)
{
    struct gad_rng seeder = gad_rng_init(seed, stream);
    struct gad_dropout_rng r;

    for (int lane = 0; lane < 8; lane++)
        for (int i = 0; i < 4; i++)
            r.s[i][lane] = gad_rng_u64(&seeder);
    return r;
}

GAD_NN_CLONES
static void draw(uint64_t s[restrict 4][8], size_t n_blocks, unsigned char *restrict out)
{
    for (size_t b = 0; b < n_blocks; b++) {
        uint64_t word[8];

        for (int l = 0; l < 8; l++) {
            uint64_t sum = s[0][l] + s[3][l], t = s[1][l] << 17;

            word[l] = (sum << 23 | sum >> 41) + s[0][l];
            s[2][l] ^= s[0][l];
            s[3][l] ^= s[1][l];
            s[1][l] ^= s[2][l];
            s[0][l] ^= s[3][l];
            s[2][l] ^= t;
            s[3][l] = s[3][l] << 45 | s[3][l] >> 19;
        }
        memcpy(out + b * sizeof(word), word, sizeof(word));
    }
}

void gad_dropout_draw(struct gad_dropout_rng *r, size_t n, uint16_t *mask)
{
    draw(r->s, (n + GAD_DROPOUT_STEP - 1) / GAD_DROPOUT_STEP, (unsigned char *)mask);
}

/* Kept if its 16 bits are at least this. */
static uint32_t least_kept(double rate)
{
    gad_assert(rate >= 0 && rate < 1);
    return (uint32_t)(rate * 65536 + 0.5);
}

gad_real gad_dropout_keep(double rate)
{
    return (gad_real)(1 - least_kept(rate) / 65536.0);
}

GAD_NN_CLONES
static void apply_row(size_t n, uint32_t least, gad_real scale, const uint16_t *restrict mask,
                      gad_real *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] = mask[j] >= least ? y[j] * scale : 0;
}

void gad_dropout_apply(double rate, const uint16_t *mask, struct gad_mat y)
{
    uint32_t least = least_kept(rate);
    gad_real scale = 1 / gad_dropout_keep(rate);

    for (size_t i = 0; i < y.rows; i++)
        apply_row(y.cols, least, scale, mask + i * y.cols, gad_mat_row(y, i));
}
