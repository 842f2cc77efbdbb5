/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_memory.h"

#include <math.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "tests/unit/test.h"

static struct host_memory memory, back;
static struct host_usual usual, usual_back;
static struct host_levels levels, levels_back;
static struct gad_buf file;
static struct gad_diag diag;

static int make(void **state)
{
    (void)state;
    memory = (struct host_memory){.records = 77, .hosts_seen = {1, 2}, .n = 3};
    usual = (struct host_usual){.secret = {5, 6}, .size = {45, 98}, .n_rare = {9, 8, 7}};
    levels =
        (struct host_levels){.begun = {100}, .updated = {300}, .week = {200}, .host_hours = 12};
    for (size_t i = 0; i < 3; i++)
        memory.host[i] = (struct host_memory_host){
            .hash = 90 - 10 * i, .second = 1000, .own = {0, 1.5F, 2}, .n_tags = 2, .tag = {3, 5}};
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++)
        levels.sign[s] =
            (struct host_level){.count = {4, 3}, .hosts = {15}, .before = {1}, .at = 9, .free = 3};
    file = GAD_BUF_INIT(HOST_MEMORY_FILE_MAX);
    host_memory_write(&memory, &usual, &levels, &file);
    return file.bad ? -1 : 0;
}

static int unmake(void **state)
{
    (void)state;
    gad_buf_deinit(&file);
    return 0;
}

static int read_it(size_t len)
{
    back = (struct host_memory){0};
    usual_back = (struct host_usual){0};
    levels_back = (struct host_levels){0};
    return host_memory_read(file.p, len, &back, &usual_back, &levels_back, &diag);
}

static void it_reads_back_the_same(void **state)
{
    (void)state;
    assert_int_equal(read_it(file.len), 0);
    assert_memory_equal(&back, &memory, sizeof(back)); /* writing has sorted it */
    assert_memory_equal(&usual_back, &usual, sizeof(usual));
    assert_memory_equal(levels_back.sign, levels.sign, sizeof(levels.sign));
    assert_int_equal(levels_back.updated.ns, 300);
    assert_true(levels_back.host_hours == 12);
    assert_int_equal(host_memory_find(&back, 80)->tag[1], 5);
    assert_null(host_memory_find(&back, 81));
}

static void any_damage_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < file.len; i += i < 200 ? 1 : 97) {
        assert_int_equal(read_it(i), GAD_EFORMAT);
        file.p[i] ^= 1;
        assert_int_equal(read_it(file.len), GAD_EFORMAT);
        assert_int_equal(usual_back.secret[0], 0); /* nothing was taken */
        file.p[i] ^= 1;
    }
    assert_int_equal(read_it(file.len), 0);
}

/* With a right checksum, too, a value must be one that the writer can write. */
static void impossible_values_are_refused(void **state)
{
    (void)state;
    float bad[] = {NAN, INFINITY, -1};

    for (size_t i = 0; i < 3; i++) {
        unmake(NULL);
        (void)make(NULL);
        levels.sign[2].at = bad[i];
        gad_buf_deinit(&file);
        file = GAD_BUF_INIT(HOST_MEMORY_FILE_MAX);
        host_memory_write(&memory, &usual, &levels, &file);
        assert_int_equal(read_it(file.len), GAD_EFORMAT);
        assert_non_null(strstr(diag.text, "out of its range"));
    }
}

static void a_full_one_fits(void **state)
{
    (void)state;
    memory.n = HOST_MEMORY_HOSTS;
    for (size_t i = 0; i < memory.n; i++)
        memory.host[i] = (struct host_memory_host){.hash = i, .n_tags = HOST_MEMORY_TAGS};
    gad_buf_deinit(&file);
    file = GAD_BUF_INIT(HOST_MEMORY_FILE_MAX);
    host_memory_write(&memory, &usual, &levels, &file);
    assert_false(file.bad);
    assert_int_equal(read_it(file.len), 0);
    assert_int_equal(back.n, HOST_MEMORY_HOSTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_reads_back_the_same, make, unmake),
        cmocka_unit_test_setup_teardown(any_damage_is_found, make, unmake),
        cmocka_unit_test_setup_teardown(impossible_values_are_refused, make, unmake),
        cmocka_unit_test_setup_teardown(a_full_one_fits, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
