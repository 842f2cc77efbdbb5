/* SPDX-License-Identifier: Apache-2.0 */
#include <event2/event.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "daemon/thread.h"
#include "daemon/watch.h"
#include "tests/unit/test.h"

static struct event_base *base;
static int n_calls;

static void count(void *arg)
{
    (void)arg;
    n_calls++;
}

/* Counts, and ends the loop at the third call. */
static void count_to_three(void *arg)
{
    if (++n_calls == 3)
        watch_stop(*(struct watch **)arg);
}

static int set_up(void **state)
{
    (void)state;
    n_calls = 0;
    base = event_base_new();
    return base ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    event_base_free(base);
    return 0;
}

/* The loop ends by itself when nothing is watched any more. */
static void run_to_the_end(void)
{
    assert_true(event_base_dispatch(base) >= 0);
}

static void a_timer_runs_once(void **state)
{
    gad_cleanup(watch_freep) struct watch *w = watch_timer(base, count, NULL);
    (void)state;

    assert_non_null(w);
    assert_false(watch_is_on(w));
    watch_after(w, (struct gad_time){1});
    assert_true(watch_is_on(w));
    run_to_the_end();
    assert_int_equal(n_calls, 1);
    assert_false(watch_is_on(w));
}

static void a_stopped_timer_does_not_run(void **state)
{
    gad_cleanup(watch_freep) struct watch *w = watch_timer(base, count, NULL);
    (void)state;

    watch_after(w, (struct gad_time){1});
    watch_stop(w);
    run_to_the_end();
    assert_int_equal(n_calls, 0);
}

static void a_ticker_runs_until_it_is_stopped(void **state)
{
    struct watch *w = NULL;
    (void)state;

    w = watch_ticker(base, (struct gad_time){1000}, count_to_three, &w);
    assert_non_null(w);
    run_to_the_end();
    assert_int_equal(n_calls, 3);

    watch_after(w, (struct gad_time){1000}); /* a timer again */
    run_to_the_end();
    assert_int_equal(n_calls, 4);

    assert_int_equal(watch_every(w, (struct gad_time){1000}), 0);
    assert_int_equal(watch_every(w, (struct gad_time){0}), 0); /* stops it */
    run_to_the_end();
    assert_int_equal(n_calls, 4);
    watch_free(w);
}

static void soon_is_once_however_often_it_was_called(void **state)
{
    gad_cleanup(watch_freep) struct watch *w = watch_timer(base, count, NULL);
    (void)state;

    watch_soon(w);
    watch_soon(w);
    run_to_the_end();
    assert_int_equal(n_calls, 1);
}

static void readers_stay_and_writers_run_once(void **state)
{
    struct watch *r = NULL;
    int fd[2];
    (void)state;

    assert_int_equal(pipe(fd), 0);
    struct watch *w = watch_writer(base, fd[1], count, NULL);
    run_to_the_end();
    assert_int_equal(n_calls, 0); /* made stopped */
    watch_start(w);
    run_to_the_end();
    assert_int_equal(n_calls, 1);

    n_calls = 0;
    assert_int_equal(write(fd[1], "x", 1), 1);
    r = watch_reader(base, fd[0], count_to_three, &r);
    assert_int_equal(watch_fd(r), fd[0]);
    run_to_the_end();
    assert_int_equal(n_calls, 3);
    watch_free(r);
    watch_free(w);
    (void)close(fd[0]);
    (void)close(fd[1]);
}

static void signals_arrive_in_the_loop(void **state)
{
    struct watch *w = NULL;
    (void)state;

    w = watch_signal(base, SIGUSR1, count_to_three, &w);
    assert_non_null(w);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    }
    assert_int_equal(n_calls, 3);
    watch_free(w);
}

static void wait_for_stop(void *arg)
{
    struct thread *t = arg;

    while (!thread_must_stop(t))
        (void)sched_yield();
}

static void post(void *arg)
{
    thread_event_post(*(int *)arg);
}

static void a_thread_stops_when_it_is_asked_to(void **state)
{
    struct thread t = {0};
    (void)state;

    thread_join(&t); /* none */
    assert_int_equal(thread_run(&t, "test", wait_for_stop, &t), 0);
    assert_true(t.runs);
    assert_false(thread_join_within(&t, 0));
    thread_ask_stop(&t);
    assert_true(thread_join_within(&t, 20));
    assert_false(t.runs);
}

static void a_thread_wakes_a_loop(void **state)
{
    struct watch *w = NULL;
    struct thread t = {0};
    int fd = thread_event_open();
    (void)state;

    assert_true(fd >= 0);
    w = watch_reader(base, fd, count_to_three, &w);
    assert_int_equal(thread_run(&t, "test", post, &fd), 0);
    run_to_the_end();
    assert_int_equal(n_calls, 3); /* not cleared */
    thread_join(&t);
    thread_event_clear(fd);
    watch_start(w);
    assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 0);
    assert_int_equal(n_calls, 3);
    watch_free(w);
    (void)close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_timer_runs_once),
        TEST(a_stopped_timer_does_not_run),
        TEST(a_ticker_runs_until_it_is_stopped),
        TEST(soon_is_once_however_often_it_was_called),
        TEST(readers_stay_and_writers_run_once),
        TEST(signals_arrive_in_the_loop),
        TEST(a_thread_stops_when_it_is_asked_to),
        TEST(a_thread_wakes_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
