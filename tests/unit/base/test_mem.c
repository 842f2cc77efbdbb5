/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/mem.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "tests/unit/test.h"

/* A sanitizer's allocator ends the process where malloc() returns NULL, unless it is asked not
 * to. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static volatile size_t huge = SIZE_MAX / 2 + 1; /* the compiler is not to see the overflow */

static void products_that_overflow_are_refused(void **state)
{
    (void)state;
    size_t n = 7;
    char *p = gad_calloc(1, 16);

    assert_non_null(p);
    assert_null(gad_calloc(huge, 2));
    assert_null(gad_calloc_aligned(huge, 2));
    assert_null(gad_calloc_aligned(SIZE_MAX - 32 + (huge & 1), 1));
    assert_null(gad_realloc_array(p, huge, 2));
    memset(p, 'x', 16); /* still ours */
    gad_free(p);
    assert_false(gad_mul_size(huge, 2, &n));
    assert_true(gad_mul_size(1 << 16, 1 << 15, &n));
    assert_true(n == (size_t)1 << 31);
}

static void memory_comes_zeroed_and_aligned(void **state)
{
    (void)state;
    for (size_t len = 0; len < 300; len += 7) {
        uint8_t *p = gad_calloc(len, 1), *q = gad_calloc_aligned(len, 1);
        assert_non_null(p);
        assert_non_null(q);
        assert_int_equal((uintptr_t)q % 64, 0);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(p[i] | q[i], 0);
        memset(p, 0xff, len);
        memset(q, 0xff, len);
        gad_free(p);
        gad_free(q);
    }
    gad_free(NULL);
}

static void shrinking_to_nothing_is_not_a_failure(void **state)
{
    (void)state;
    char *p = gad_realloc_array(NULL, 0, 8);

    assert_non_null(p);
    p = gad_realloc_array(p, 100, 8);
    assert_non_null(p);
    p = gad_realloc_array(p, 0, 8);
    assert_non_null(p);
    p = gad_realloc_array(p, 8, 0);
    assert_non_null(p);
    gad_free(p);
}

static void strndup_ends_at_its_limit(void **state)
{
    (void)state;
    char *s = gad_strndup("abcdef", 3), *e = gad_strndup("", 0);

    assert_string_equal(s, "abc");
    assert_string_equal(e, "");
    assert_null(gad_strndup("x", SIZE_MAX));
    gad_free(s);
    gad_free(e);
}

static void the_kth_allocation_fails_once(void **state)
{
    (void)state;
    void *p[5];

    (void)gad_mem_fail_at(3);
    p[0] = gad_calloc(1, 1);
    p[1] = gad_strndup("x", 1);
    p[2] = gad_calloc_aligned(1, 1);
    p[3] = gad_realloc_array(NULL, 1, 1);
    p[4] = gad_calloc(1, 1);
    assert_int_equal(gad_mem_fail_at(0), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(p[i] == NULL, i == 2);
        gad_free(p[i]);
    }
    p[0] = gad_calloc(1, 1);
    assert_non_null(p[0]);
    gad_free(p[0]);
    assert_int_equal(gad_mem_fail_at(0), 1);
}

static int hand_out(bool keep, char **ret)
{
    gad_cleanup(gad_freep) char *p = gad_strndup("mine", 4);
    if (!p)
        return GAD_ENOMEM;
    if (keep)
        *ret = gad_steal(&p);
    return 0;
}

/* The other half of this is what a leak checker says. */
static void a_scope_frees_what_was_not_handed_out(void **state)
{
    (void)state;
    char *p = NULL;

    assert_int_equal(hand_out(false, &p), 0);
    assert_null(p);
    assert_int_equal(hand_out(true, &p), 0);
    assert_string_equal(p, "mine");
    gad_free(p);
}

static void a_broken_invariant_ends_the_process(void **state)
{
    (void)state;
    int status;

    gad_assert(state != NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        gad_assert(state == NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_that_overflow_are_refused),
        cmocka_unit_test(memory_comes_zeroed_and_aligned),
        cmocka_unit_test(shrinking_to_nothing_is_not_a_failure),
        cmocka_unit_test(strndup_ends_at_its_limit),
        cmocka_unit_test(the_kth_allocation_fails_once),
        cmocka_unit_test(a_scope_frees_what_was_not_handed_out),
        cmocka_unit_test(a_broken_invariant_ends_the_process),
    };
    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
