/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/versions.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static char path[128];

static int make(void **state)
{
    (void)state;
    int fd = mkstemp(scratch_path(path, sizeof(path), "versions.XXXXXX"));
    return fd >= 0 && close(fd) == 0 && unlink(path) == 0 ? 0 : -1;
}

static int unmake(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

static void write_text(const char *text)
{
    assert_int_equal(gad_file_write_atomic(path, text, strlen(text), NULL), 0);
}

static uint64_t version_of(const char *model)
{
    uint64_t v = 99;

    assert_int_equal(versions_find(path, model, &v, NULL), 0);
    return v;
}

static void store(const char *model, uint64_t version)
{
    struct gad_claim c = {.version = version};

    (void)snprintf(c.model, sizeof(c.model), "%s", model);
    assert_int_equal(versions_store(path, &c, 1, NULL), 0);
}

static void what_was_stored_is_found(void **state)
{
    (void)state;
    uint64_t v = 99;

    assert_int_equal(version_of("a"), 0);
    store("a", 3);
    store("b", 1);
    store("a", 4);
    assert_int_equal(version_of("a"), 4);
    assert_int_equal(version_of("b"), 1);
    assert_int_equal(version_of("A"), 0);
    store("a", 2); /* after a rollback */
    assert_int_equal(version_of("a"), 2);
    assert_int_equal(versions_find("", "a", &v, NULL), 0);
    assert_int_equal(v, 0);
}

static void nothing_is_written_without_a_change(void **state)
{
    (void)state;
    struct stat before, after;

    store("a", 3);
    assert_int_equal(stat(path, &before), 0);
    store("a", 3);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino == after.st_ino);
}

static void every_truncation_but_at_a_line_is_refused(void **state)
{
    (void)state;
    char text[128];
    uint64_t v;

    store("a", 3);
    store("b", 41);
    (void)snprintf(text, sizeof(text), "ganad model=a version=3\nganad model=b version=41\n");
    for (size_t len = strlen(text); len-- > 1;) {
        text[len] = '\0';
        write_text(text);
        int r = versions_find(path, "a", &v, NULL);
        assert_int_equal(r == 0, text[len - 1] == '\n');
        struct gad_claim c = {.model = "z", .version = 1};
        assert_int_equal(versions_store(path, &c, 1, NULL) == 0, r == 0);
        if (r == 0)
            assert_int_equal(version_of("z"), 1);
    }
}

static void the_number_of_models_is_limited(void **state)
{
    (void)state;
    static struct gad_claim c[VERSIONS_MAX + 1];
    struct gad_diag d = {""};

    for (size_t i = 0; i < VERSIONS_MAX + 1; i++) {
        (void)snprintf(c[i].model, sizeof(c[i].model), "a-model-with-a-name-of-forty-bytes-%05zu",
                       i);
        c[i].version = GAD_CLAIM_VERSION_MAX;
    }
    assert_int_equal(versions_store(path, c, VERSIONS_MAX + 1, &d), GAD_ELIMIT);
    assert_int_equal(version_of(c[0].model), 0);
    assert_int_equal(versions_store(path, c, VERSIONS_MAX, &d), 0);
    assert_int_equal(version_of(c[VERSIONS_MAX - 1].model), GAD_CLAIM_VERSION_MAX);
    assert_int_equal(versions_store(path, &c[VERSIONS_MAX], 1, &d), GAD_ELIMIT);
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH(what_was_stored_is_found),
        WITH(nothing_is_written_without_a_change),
        WITH(every_truncation_but_at_a_line_is_refused),
        WITH(the_number_of_models_is_limited),
    };
    return cmocka_run_group_tests_name("versions", tests, NULL, NULL);
}
