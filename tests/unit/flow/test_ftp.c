/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/ftp.h"

#include <string.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

enum { PAIRS = 3 * GAD_FTP_SESSIONS };

static struct gad_flow_key pair(uint64_t i)
{
    return (struct gad_flow_key){.a = {1, i}, .b = {2, i * 7}};
}

static void a_pair_is_found_again(void **state)
{
    (void)state;
    const struct gad_flow_secret secret = {{1, 2}};
    struct gad_ftp_sessions f;
    const struct gad_flow_key one = pair(1), two = pair(2);

    assert_int_equal(gad_ftp_sessions_init(&f, &secret), 0);
    assert_null(gad_ftp_find(&f, &one));
    struct gad_ftp_session *s = gad_ftp_get(&f, &one);
    s->flow = 77;
    assert_ptr_equal(gad_ftp_find(&f, &one), s);
    assert_ptr_equal(gad_ftp_get(&f, &one), s);
    assert_null(gad_ftp_find(&f, &two));
    assert_int_equal(gad_ftp_get(&f, &two)->flow, 0);
    assert_int_equal(gad_ftp_find(&f, &one)->flow, 77);
    gad_ftp_sessions_deinit(&f);
}

/* Which pairs are remembered hangs on their uses alone: two secrets, against a list of the last
 * uses. */
static void the_longest_unused_is_forgotten_whatever_the_secret(void **state)
{
    (void)state;
    const struct gad_flow_secret secret[2] = {{{1, 2}}, {{UINT64_MAX, 99}}};
    static uint64_t used[PAIRS];
    struct gad_ftp_sessions f[2];
    struct gad_rng rng = gad_rng_init(4, 0);
    uint64_t clock = 0;
    size_t n = 0;

    for (int k = 0; k < 2; k++)
        assert_int_equal(gad_ftp_sessions_init(&f[k], &secret[k]), 0);
    memset(used, 0, sizeof(used));
    for (int i = 0; i < 60000; i++) {
        uint64_t which = gad_rng_below(&rng, PAIRS);
        const struct gad_flow_key key = pair(which);
        bool is_there = used[which] != 0;
        for (int k = 0; k < 2; k++) {
            assert_true((gad_ftp_find(&f[k], &key) != NULL) == is_there);
            (void)gad_ftp_get(&f[k], &key);
        }
        if (!is_there && n++ == GAD_FTP_SESSIONS) {
            size_t oldest = SIZE_MAX;
            for (size_t p = 0; p < PAIRS; p++)
                if (used[p] != 0 && (oldest == SIZE_MAX || used[p] < used[oldest]))
                    oldest = p;
            used[oldest] = 0;
            n--;
        }
        used[which] = ++clock;
    }
    for (int k = 0; k < 2; k++)
        gad_ftp_sessions_deinit(&f[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_found_again),
        cmocka_unit_test(the_longest_unused_is_forgotten_whatever_the_secret),
    };
    return cmocka_run_group_tests_name("ftp", tests, NULL, NULL);
}
