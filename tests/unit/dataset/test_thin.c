/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/thin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/dataset/table.h"
#include "lib/record/column.h"
#include "tests/unit/dataset/text.h"
#include "tests/unit/test.h"

enum { MAX = GAD_THIN_LEAST };

/* A table that is thinned as gad_table_load() does it. */
struct kept {
    struct gad_thin thin;
    size_t n;
    float service[MAX];
    uint32_t draw[MAX], number[MAX];
    bool keep[MAX];
};

static void add(struct kept *k, float service)
{
    bool keep;
    uint32_t number = (uint32_t)k->thin.seen,
             draw = gad_thin_next(&k->thin, (double)service, &keep);

    if (!keep)
        return;
    if (k->n == MAX) {
        size_t n = 0, stay = gad_thin_halve(&k->thin, k->n, k->service, k->draw, MAX, k->keep);
        assert_true(stay <= MAX / 4 * 3);
        for (size_t i = 0; i < k->n; i++)
            if (k->keep[i]) {
                k->service[n] = k->service[i];
                k->draw[n] = k->draw[i];
                k->number[n++] = k->number[i];
            }
        assert_int_equal(n, stay);
        k->n = n;
    }
    k->service[k->n] = service;
    k->draw[k->n] = draw;
    k->number[k->n++] = number;
}

/* Service 1 has all rows but for one in 5,000 of service 2 and 150 at the end of service 3. */
static void a_sample_is_even_and_knows_every_service(void **state)
{
    (void)state;
    enum { N = 2000000, PARTS = 10 };
    struct kept *k = calloc(1, sizeof(*k));
    size_t drawn = 0, of[4] = {0}, part[PARTS] = {0};

    assert_non_null(k);
    for (uint32_t i = 0; i < N; i++)
        add(k, i >= N - 150 ? 3.0f : i % 5000 == 7 ? 2.0f : 1.0f);
    assert_int_equal(k->thin.seen, N);
    assert_int_equal(k->thin.shift, 4);
    for (size_t i = 0; i < k->n; i++) {
        bool is = gad_thin_is_drawn(&k->thin, k->draw[i]);
        drawn += is;
        part[(size_t)k->number[i] * PARTS / N] += is;
        of[(size_t)k->service[i]]++;
    }
    assert_true(fabs((double)drawn - N / 16.0) < 4.0 * sqrt(N / 16.0));
    for (size_t p = 0; p < PARTS; p++)
        assert_true(fabs((double)part[p] - N / 16.0 / PARTS) < 5.0 * sqrt(N / 16.0 / PARTS));
    assert_true(of[2] >= GAD_THIN_RARE && of[2] < GAD_THIN_RARE + 60);
    assert_int_equal(of[3], 150);
    free(k);
}

static void a_short_stream_stays_whole(void **state)
{
    (void)state;
    struct kept *k = calloc(1, sizeof(*k));

    assert_non_null(k);
    for (uint32_t i = 0; i < MAX; i++)
        add(k, (float)(i % 3));
    assert_true(k->n == MAX && k->thin.shift == 0);
    free(k);
}

/* Numbers that are no service, as unknown names have. */
static void services_out_of_range_share_a_place(void **state)
{
    (void)state;
    struct gad_thin t = {.shift = 31};
    static const double odd[] = {-1.0, 255.0, 256.0, 1e30, (double)NAN};
    size_t kept = 0;

    for (size_t i = 0; i < 1000; i++) {
        bool keep;
        (void)gad_thin_next(&t, odd[i % 5], &keep);
        kept += keep;
    }
    assert_true(kept >= GAD_THIN_RARE && kept <= GAD_THIN_RARE + 1);
}

static void a_table_is_a_sample(void **state)
{
    (void)state;
    enum { N = 300000 };
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    char path[TEMP_PATH];
    const char *const paths[] = {path};
    const struct gad_table_options opt = {.sample = GAD_THIN_LEAST};
    size_t drawn = 0, last = 0;

    write_temp("", 0, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (unsigned i = 0; i < N; i++) /* a duration is the row's number */
        (void)fprintf(f, "%u%s,normal.\n", i, &FEATURES[1]);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(gad_table_load(paths, 1, &opt, &t, NULL), 0);
    unlink(path);
    assert_int_equal(gad_table_n_seen(t), N);
    assert_int_equal(gad_table_label_rows(t, 0), N);
    assert_int_equal(gad_table_source(t, 0)->rows, N);
    assert_true(gad_table_share(t) == 0.5);
    for (size_t i = 0; i < gad_table_n_rows(t); i++) {
        size_t number = (size_t)gad_table_features(t, i)[GAD_DURATION];
        assert_true(i == 0 || number > last);
        last = number;
        drawn += gad_table_is_drawn(t, i);
    }
    assert_true(fabs((double)drawn - N / 2.0) < 4.0 * sqrt(N / 4.0));
    assert_true(gad_table_n_rows(t) - drawn <= GAD_THIN_RARE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_is_even_and_knows_every_service),
        cmocka_unit_test(a_short_stream_stays_whole),
        cmocka_unit_test(services_out_of_range_share_a_place),
        cmocka_unit_test(a_table_is_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
