/* SPDX-License-Identifier: Apache-2.0 */
/* A lookup that does not return is used again, and its addresses when they arrive. */
#include "daemon/feed/lookup.h"

#include <netdb.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "tests/unit/test.h"

/* The linker gives every call of getaddrinfo() to this. */
int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret);

static atomic_uint n_calls;
static sem_t goes_on;

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret)
{
    atomic_fetch_add(&n_calls, 1);
    (void)sem_wait(&goes_on);
    return __real_getaddrinfo(host, port, hints, ret);
}

static void wait_running(unsigned n)
{
    while (lookups_running() != n)
        (void)sched_yield();
}

static void begin(struct lookups *all, struct lookup **ret)
{
    assert_int_equal(lookup_begin(all, "127.0.0.1:9", SOCK_STREAM, ret, NULL), 0);
}

static void one_that_hangs_is_not_repeated(void **state)
{
    (void)state;
    struct lookups mine = {{NULL}}, other = {{NULL}};
    struct lookup *l;
    uint64_t waits = lookups_waits();

    for (int i = 0; i < 1000; i++) {
        begin(&mine, &l);
        assert_int_equal(lookup_proceed(l, NULL), GAD_MORE);
        lookup_free(l); /* the attempt gives up */
    }
    assert_int_equal(lookups_running(), 1);
    assert_int_equal(lookups_waits() - waits, 999);
    begin(&other, &l); /* another output does not wait for it */
    assert_int_equal(lookups_running(), 2);
    (void)sem_post(&goes_on);
    (void)sem_post(&goes_on);
    wait_running(0);
    assert_int_equal(lookup_proceed(l, NULL), 0);
    lookup_free(l);
    lookups_forget(&other);
    unsigned calls = atomic_load(&n_calls);
    begin(&mine, &l); /* its addresses have come meanwhile */
    assert_int_equal(lookup_proceed(l, NULL), 0);
    assert_non_null(lookup_found(l));
    assert_int_equal(atomic_load(&n_calls), calls);
    lookup_free(l);
    (void)sem_post(&goes_on);
    begin(&mine, &l); /* they have been used: the next attempt asks again */
    wait_running(0);
    assert_int_equal(lookup_proceed(l, NULL), 0);
    assert_int_equal(atomic_load(&n_calls), calls + 1);
    lookup_free(l);
    lookups_forget(&mine);
}

static void an_output_can_end_before_its_lookup(void **state)
{
    (void)state;
    struct lookups mine = {{NULL}};
    struct lookup *l;

    begin(&mine, &l);
    lookup_free(l);
    lookups_forget(&mine);
    assert_int_equal(lookups_running(), 1);
    (void)sem_post(&goes_on);
    wait_running(0);
}

static int set_up(void **state)
{
    (void)state;
    return sem_init(&goes_on, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_hangs_is_not_repeated),
        cmocka_unit_test(an_output_can_end_before_its_lookup),
    };
    return cmocka_run_group_tests_name("lookup", tests, set_up, NULL);
}
