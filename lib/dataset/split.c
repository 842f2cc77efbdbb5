/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/split.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"

enum { STREAM = 0x53504c54 }; /* of gad_rng, for the choice of calibration rows */

/* Python's round(n / 2): a tie goes to the even number. */
static size_t half_of(size_t n)
{
    return n / 2 + (n % 2 == 1 && n / 2 % 2 == 1);
}

/* Keeps rows of one class, in the order given. */
static size_t keep_class(const uint32_t *row, size_t n, const bool *is_normal, bool normal,
                         uint32_t *ret)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (is_normal[row[i]] == normal)
            ret[kept++] = row[i];
    return kept;
}

/* Returns the rows outside the first half, in file order. */
static size_t other_half(const uint32_t *first, size_t n_first, size_t n, bool *taken,
                         uint32_t *ret)
{
    size_t kept = 0;
    for (size_t i = 0; i < n_first; i++)
        taken[first[i]] = true;
    for (size_t i = 0; i < n; i++)
        if (!taken[i])
            ret[kept++] = (uint32_t)i;
    return kept;
}

/* Drops rows that are equal to an earlier one, in place. */
static size_t keep_new(const uint32_t *first, bool *seen, uint32_t *row, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!seen[first[row[i]]]) {
            seen[first[row[i]]] = true;
            row[kept++] = row[i];
        }
    return kept;
}

/* Moves n_calibration of the training rows, chosen at random, to calibration; both keep their
 * order. */
static int hold_out(struct gad_split *s, size_t n_calibration, uint32_t seed)
{
    gad_cleanup(gad_freep) uint32_t *order = gad_calloc(s->n_train, sizeof(*order));
    gad_cleanup(gad_freep) bool *held = gad_calloc(s->n_train, sizeof(*held));
    struct gad_rng rng = gad_rng_init(seed, STREAM);
    size_t n_train = 0;

    if (!order || !held)
        return GAD_ENOMEM;
    for (size_t i = 0; i < s->n_train; i++)
        order[i] = (uint32_t)i;
    gad_rng_shuffle(&rng, s->n_train, order);
    for (size_t i = 0; i < n_calibration; i++)
        held[order[i]] = true;
    for (size_t i = 0; i < s->n_train; i++)
        if (held[i])
            s->calibration[s->n_calibration++] = s->train[i];
        else
            s->train[n_train++] = s->train[i];
    s->n_train = n_train;
    return 0;
}

static int fill(const struct gad_split_options *opt, size_t n, const bool *is_normal,
                const uint32_t *first, struct gad_split *s, struct gad_diag *d)
{
    bool learns_normal = opt->protocol != GAD_SURVEY;
    size_t half = half_of(n);
    struct gad_mt19937 mt;
    gad_cleanup(gad_freep) uint32_t *order = gad_calloc(n, sizeof(*order));
    gad_cleanup(gad_freep) bool *taken = gad_calloc(n, sizeof(*taken));

    s->train = gad_calloc(half + 1, sizeof(s->train[0]));
    s->calibration = gad_calloc(half + 1, sizeof(s->calibration[0]));
    s->test = gad_calloc(n - half + 1, sizeof(s->test[0]));
    if (!order || !taken || !s->train || !s->calibration || !s->test)
        return gad_fail(d, GAD_ENOMEM, "no memory to split %zu rows", n);

    gad_mt19937_seed(&mt, opt->seed);
    gad_mt19937_permutation(&mt, (uint32_t)n, order);
    s->n_train = keep_class(order, half, is_normal, learns_normal, s->train);
    s->n_test = other_half(order, half, n, taken, s->test);
    s->positive_is_normal = !learns_normal;
    if (opt->protocol == GAD_NORMAL_UNIQUE) {
        memset(taken, 0, n * sizeof(*taken)); /* now: an equal row is in use */
        s->n_train = keep_new(first, taken, s->train, s->n_train);
        s->n_test = keep_new(first, taken, s->test, s->n_test);
    }

    size_t n_calibration = (size_t)((double)s->n_train * opt->calibration + 0.5);
    if (n_calibration >= s->n_train || s->n_test == 0)
        return gad_fail(d, GAD_EINVAL, "%zu rows: no %s rows remain to train on, or none to test",
                        n, learns_normal ? "normal" : "attack");
    if (n_calibration > 0 && hold_out(s, n_calibration, opt->seed) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory to split %zu rows", n);
    return 0;
}

int gad_split_make(const struct gad_split_options *opt, size_t n, const bool *is_normal,
                   const uint32_t *first, struct gad_split *ret, struct gad_diag *d)
{
    struct gad_split s = {0};

    if (n > UINT32_MAX)
        return gad_fail(d, GAD_ELIMIT, "%zu rows are too many to split", n);
    gad_assert(opt->protocol != GAD_NORMAL_UNIQUE || first);
    if ((unsigned)opt->protocol >= GAD_N_PROTOCOLS ||
        !(opt->calibration >= 0.0 && opt->calibration < 1.0))
        return gad_fail(d, GAD_EINVAL, "no such protocol, or a calibration share outside [0, 1)");
    int r = fill(opt, n, is_normal, first, &s, d);
    if (r != 0) {
        gad_split_deinit(&s);
        return r;
    }
    *ret = s;
    return 0;
}

size_t gad_split_thin(uint32_t *row, size_t n, size_t max)
{
    if (n <= max)
        return n;
    for (size_t i = 0; i < max; i++)
        row[i] = row[(size_t)((uint64_t)i * n / max)]; /* n < 2^32; never reads before i */
    return max;
}

void gad_split_deinit(struct gad_split *s)
{
    gad_free(s->test);
    gad_free(s->calibration);
    gad_free(s->train);
    *s = (struct gad_split){0};
}
