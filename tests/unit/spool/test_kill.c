/* SPDX-License-Identifier: Apache-2.0 */
/* A writer that is killed at any moment: what it had committed is there, its numbers are not used
 * again, none is skipped. */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

enum { KILLS = 60 };

/* Written by the child, read by the test; survives the child. */
struct shared {
    _Atomic uint64_t end;     /* committed */
    _Atomic uint64_t next;    /* given out */
    _Atomic uint64_t n_steps; /* of its work, of any kind */
};

static _Noreturn void write_until_killed(const char *directory, const struct gad_spool_options *o,
                                         struct shared *shared, uint64_t seed)
{
    struct gad_rng rng = gad_rng_init(seed, 0);
    struct gad_spool *s = NULL;
    struct gad_spool_status st;
    uint8_t p[SPOOL_PAYLOAD_MAX];
    unsigned c;

    if (gad_spool_open(directory, o, &s, NULL, NULL) != 0 ||
        gad_spool_cursor(s, "out", true, &c) != 0)
        _exit(1);
    for (int64_t now = 1;; now += 50000000) {
        uint32_t n = 1 + gad_rng_below(&rng, 300);
        for (uint32_t i = 0; i < n; i++) {
            gad_spool_status(s, &st);
            size_t len = spool_payload(st.next, p);
            if (gad_spool_append(s, SPOOL_KIND, (struct gad_time){(int64_t)st.next}, p, len,
                                 NULL) != 0)
                _exit(2);
            atomic_store(&shared->next, st.next + 1);
            atomic_fetch_add(&shared->n_steps, 1);
        }
        if (gad_spool_commit(s, (struct gad_time){now}) != 0)
            _exit(3);
        gad_spool_status(s, &st);
        atomic_store(&shared->end, st.end);
        gad_spool_ack(s, c, st.end > 5000 ? st.end - 5000 : 1, 0);
        atomic_fetch_add(&shared->n_steps, 1);
    }
}

static void kill_after(const char *directory, const struct gad_spool_options *o,
                       struct shared *shared, uint64_t seed, uint64_t steps)
{
    int status;

    atomic_store(&shared->n_steps, 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        write_until_killed(directory, o, shared, seed);
    while (atomic_load(&shared->n_steps) < steps && waitpid(pid, &status, WNOHANG) == 0)
        (void)sched_yield();
    (void)kill(pid, SIGKILL);
    if (atomic_load(&shared->n_steps) < steps)
        fail_msg("the writer ended by itself: %d", WEXITSTATUS(status));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void run(const char *directory, enum gad_spool_sync sync)
{
    struct gad_rng rng = gad_rng_init(5, (uint64_t)sync);
    struct gad_spool_options o = spool_options(sync);
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t most = 0, guessed = 0;

    atomic_store(&shared->next, 1);

    assert_true(shared != MAP_FAILED);
    o.boot = 1;
    o.quota = 64 * o.segment_max;
    for (int i = 0; i < KILLS; i++) {
        struct gad_spool_recovery found;
        struct gad_spool_status st;
        kill_after(directory, &o, shared, (uint64_t)i, gad_rng_below(&rng, 4000));
        uint64_t end = atomic_load(&shared->end), next = atomic_load(&shared->next);

        struct gad_spool *s = spool_open(directory, &o, &found);
        gad_spool_status(s, &st);
        assert_true(st.next >= end &&
                    st.next > most); /* no number is used again that a reader saw */
        assert_true(st.next <= next || found.cut > 0); /* and none is skipped */
        assert_int_equal(found.unused_end > 0, found.cut > 0);
        most = st.next;
        assert_true(st.end >= end);
        assert_true(found.lost_first == 0 ||
                    found.lost_first >= end); /* nothing that was committed */
        struct spool_tally t = spool_read_from(directory, st.oldest, st.end);
        assert_true(t.last + 1 >= end);
        guessed += found.lost_end - found.lost_first;
        assert_true(t.lost == t.guessed && t.lost <= guessed);
        spool_add(s, 3, 1);
        atomic_store(&shared->next, spool_limit(s));
        atomic_store(&shared->end, spool_limit(s));
        most = spool_limit(s) - 1;
        if (i % 2 == 0)
            spool_end(s);
        else
            gad_spool_close(s);
    }
    (void)munmap(shared, sizeof(*shared));
}

static void committed_records_survive_a_kill_always(void **state)
{
    run(*state, GAD_SPOOL_ALWAYS);
}

static void committed_records_survive_a_kill_interval(void **state)
{
    run(*state, GAD_SPOOL_INTERVAL);
}

static void committed_records_survive_a_kill_never(void **state)
{
    run(*state, GAD_SPOOL_NEVER);
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(committed_records_survive_a_kill_always),
        IN_DIRECTORY(committed_records_survive_a_kill_interval),
        IN_DIRECTORY(committed_records_survive_a_kill_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
