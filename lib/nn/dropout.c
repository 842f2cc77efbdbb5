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

/* Vectors of the compiler: the state stays in registers of any width. */
typedef uint64_t lanes __attribute__((vector_size(64)));

GAD_NN_CLONES
static void draw(uint64_t s[restrict 4][8], size_t n_blocks, unsigned char *restrict out)
{
    lanes s0, s1, s2, s3;

    memcpy(&s0, s[0], sizeof(s0));
    memcpy(&s1, s[1], sizeof(s1));
    memcpy(&s2, s[2], sizeof(s2));
    memcpy(&s3, s[3], sizeof(s3));
    for (size_t b = 0; b < n_blocks; b++) {
        lanes sum = s0 + s3, word = (sum << 23 | sum >> 41) + s0, t = s1 << 17;

        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = s3 << 45 | s3 >> 19;
        memcpy(out + b * sizeof(word), &word, sizeof(word));
    }
    memcpy(s[0], &s0, sizeof(s0));
    memcpy(s[1], &s1, sizeof(s1));
    memcpy(s[2], &s2, sizeof(s2));
    memcpy(s[3], &s3, sizeof(s3));
}

void gad_dropout_draw(struct gad_dropout_rng *r, size_t n, uint16_t *mask)
{
    draw(r->s, (n + GAD_DROPOUT_STEP - 1) / GAD_DROPOUT_STEP, (unsigned char *)mask);
}

/* An element is kept if its 16 bits are at least this. */
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
