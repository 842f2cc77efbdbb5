/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a test's files is removed however the test ends. */
#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static void end_by(int signal)
{
    if (signal == 0)
        exit(1);
    (void)raise(signal);
    _exit(2);
}

static void nothing_is_left_after(int signal)
{
    char path[128] = "", file[160];
    int end[2];

    assert_int_equal(pipe(end), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        *scratch_directory = '\0'; /* as a program of its own */
        (void)snprintf(file, sizeof(file), "%s/a", scratch());
        int made = mkdir(file, 0700) == 0 ? 0 : -1;
        (void)snprintf(file, sizeof(file), "%s/a/b", scratch());
        int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        (void)!write(end[1], scratch(), strlen(scratch()));
        end_by(made == 0 && fd >= 0 ? signal : SIGUSR1);
    }
    int status;
    const struct timespec tick = {0, 1000000};
    assert_true(read(end[0], path, sizeof(path) - 1) > 0);
    (void)close(end[0]);
    (void)close(end[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (signal == 0)
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    else
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signal);
    for (int i = 0; i < 20000 && access(path, F_OK) == 0; i++)
        (void)nanosleep(&tick, NULL);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void nothing_is_left_after_any_end(void **state)
{
    (void)state;
    nothing_is_left_after(0);
    nothing_is_left_after(SIGKILL);
    nothing_is_left_after(SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left_after_any_end)};
    return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
