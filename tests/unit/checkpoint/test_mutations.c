/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded random damage. The argument is the number of mutants; default 100000. */
#include "lib/checkpoint/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "tests/unit/checkpoint/sample.h"
#include "tests/unit/test.h"

enum { ROOM = 512 }; /* bytes that a mutant may be longer */

static uint64_t n_mutants = 100000;
static uint8_t *original;
static size_t original_len;

/* Values that parsers have tripped over: signs, all bits, longest varints, tags of this very
 * message. */
static const uint8_t interesting[] = {0x00, 0x01, 0x02, 0x07, 0x08, 0x0a, 0x12, 0x1a, 0x22, 0x2a,
                                      0x32, 0x3a, 0x42, 0x4a, 0x52, 0x7f, 0x80, 0x81, 0xfe, 0xff};

static size_t pick(struct gad_rng *r, size_t n)
{
    return gad_rng_below(r, (uint32_t)n);
}

/* Moves the bytes from @at on by @by: room for new ones, or some gone. */
static size_t shift(uint8_t *p, size_t len, size_t at, size_t gone, size_t come)
{
    memmove(p + at + come, p + at + gone, len - at - gone);
    return len - gone + come;
}

/* One change to p[first .. len); returns the new length, never more than cap. */
static size_t mutate(struct gad_rng *r, uint8_t *p, size_t first, size_t len, size_t cap)
{
    size_t at = first + pick(r, len - first), n = 1 + pick(r, 16), from;

    n = n < len - at ? n : len - at;
    switch (pick(r, 8)) {
    case 0:
    case 1:
        p[at] ^= (uint8_t)(1 << pick(r, 8));
        break;
    case 2:
        p[at] = interesting[pick(r, sizeof(interesting))];
        break;
    case 3: /* a length or a count that is off by one */
        p[at] = (uint8_t)(p[at] + (pick(r, 2) ? 1 : -1));
        break;
    case 4:
        for (size_t i = 0; i < n; i++)
            p[at + i] = (uint8_t)gad_rng_u64(r);
        break;
    case 5:
        if (len - n > first)
            len = shift(p, len, at, n, 0);
        break;
    case 6: /* bytes from elsewhere, put in */
        from = first + pick(r, len - first - n + 1);
        if (len + n <= cap) {
            uint8_t copy[16];
            memcpy(copy, p + from, n);
            len = shift(p, len, at, 0, n);
            memcpy(p + at, copy, n);
        }
        break;
    default: /* bytes from elsewhere, put over */
        from = first + pick(r, len - first - n + 1);
        memmove(p + at, p + from, n);
        break;
    }
    return len;
}

/* What is accepted holds every promise, and packs to the very bytes it came from. */
static void assert_believable(struct gad_checkpoint *c, const uint8_t *p, size_t len)
{
    uint8_t *again = NULL;
    size_t again_len;

    assert_legal(c);
    assert_int_equal(gad_checkpoint_pack(c, &again, &again_len, NULL), 0);
    assert_int_equal(again_len, len);
    assert_memory_equal(again, p, len);
    gad_free(again);
}

static void damage_under_a_new_sum_is_refused_or_harmless(void **state)
{
    (void)state;
    struct gad_rng r = gad_rng_init(1, 0);
    size_t cap = original_len + ROOM;
    uint64_t n_accepted = 0;

    for (uint64_t i = 0; i < n_mutants; i++) {
        uint8_t *p = gad_calloc(1, cap);
        struct gad_checkpoint *c = NULL;
        struct gad_diag d = {0};
        size_t len = original_len;

        assert_non_null(p);
        memcpy(p, original, len);
        for (size_t k = 1 + pick(&r, 4); k > 0; k--)
            len = mutate(&r, p, 56, len, cap);
        seal(p, len);
        p = gad_realloc_array(p, len, 1); /* so that a sanitizer sees a read beyond it */
        if (gad_checkpoint_parse("mutant", p, len, &c, &d) == 0) {
            n_accepted++;
            assert_believable(c, p, len);
        } else {
            assert_null(c);
            assert_int_equal(strncmp(d.text, "mutant: ", 8), 0);
        }
        gad_checkpoint_free(c);
        gad_free(p);
    }
    print_message("seed 1: %llu mutants, %llu of them legal\n", (unsigned long long)n_mutants,
                  (unsigned long long)n_accepted);
    /* Flips in weights and texts are legal; were there none, the mutants would not get past the
     * sum. */
    assert_true(n_accepted > n_mutants / 100 && n_accepted < n_mutants / 2);
}

static void damage_under_the_old_sum_is_refused(void **state)
{
    (void)state;
    struct gad_rng r = gad_rng_init(2, 0);
    size_t cap = original_len + ROOM;
    uint8_t *p = gad_calloc(1, cap);
    uint64_t n_same = 0;

    assert_non_null(p);
    for (uint64_t i = 0; i < n_mutants; i++) {
        struct gad_checkpoint *c = NULL;
        size_t len = original_len;

        memcpy(p, original, len);
        for (size_t k = 1 + pick(&r, 4); k > 0; k--)
            len = mutate(&r, p, 0, len, cap);
        if (len == original_len && memcmp(p, original, len) == 0) {
            n_same++;
            continue;
        }
        if (gad_checkpoint_parse("mutant", p, len, &c, NULL) == 0)
            fail_msg("mutant %llu of seed 2 was accepted", (unsigned long long)i);
        assert_null(c);
    }
    assert_true(n_same < n_mutants / 10);
    gad_free(p);
}

static int make_original(void **state)
{
    (void)state;
    struct sample s;

    sample_init(&s);
    return gad_checkpoint_pack(&s.c, &original, &original_len, NULL);
}

static int free_original(void **state)
{
    (void)state;
    gad_free(original);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_under_a_new_sum_is_refused_or_harmless),
        cmocka_unit_test(damage_under_the_old_sum_is_refused),
    };
    if (argc > 2 ||
        (argc == 2 && gad_text_u64(argv[1], strlen(argv[1]), 1000000000, &n_mutants) != 0)) {
        fprintf(stderr, "usage: %s [MUTANTS]\n", argv[0]);
        return 2;
    }
    return cmocka_run_group_tests_name("checkpoint mutations", tests, make_original, free_original);
}
