/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One directory for all files of a test program, below $TMPDIR or /tmp. It is removed with
 * everything in it however the program ends: by exit() here, and after a signal, an abort or a kill
 * by a child process that waits for that.
 */

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"

enum { SCRATCH_TMP_MAX = 24 }; /* bytes of $TMPDIR: paths of unix sockets are short */

static char scratch_directory[64];
static pid_t scratch_owner;

static inline int scratch_remove_one(const char *path, const struct stat *st, int kind,
                                     struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

static inline void scratch_remove(void)
{
    if (getpid() == scratch_owner) /* and not in a child that ends by exit() */
        (void)nftw(scratch_directory, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The write end of the pipe is open for as long as the program, and its children, live. */
static inline void scratch_guard(void)
{
    int end[2];
    char none;

    if (pipe(end) != 0)
        abort();
    pid_t pid = fork();
    if (pid != 0) {
        (void)close(end[0]);
        if (pid < 0)
            abort();
        return;
    }
    (void)setsid(); /* a signal to the test's group is not for us */
    for (int fd = 0; fd < 256; fd++)
        if (fd != end[0])
            (void)close(fd);
    while (read(end[0], &none, 1) != 0)
        ;
    scratch_owner = getpid();
    scratch_remove();
    _exit(0);
}

/* The directory; made by the first call. Thread: the first call is before any other thread. */
static inline const char *scratch(void)
{
    const char *tmp = getenv("TMPDIR");

    if (*scratch_directory)
        return scratch_directory;
    bool fits = tmp && *tmp && strlen(tmp) <= SCRATCH_TMP_MAX;
    (void)snprintf(scratch_directory, sizeof(scratch_directory), "%.*s/ganad-test.XXXXXX",
                   SCRATCH_TMP_MAX, fits ? tmp : "/tmp");
    if (!mkdtemp(scratch_directory))
        abort();
    scratch_owner = getpid();
    scratch_guard();
    (void)atexit(scratch_remove);
    return scratch_directory;
}

/* A path in it. With "XXXXXX" at its end it is for mkdtemp() or mkstemp(). */
static inline char *scratch_path(char *ret, size_t size, const char *name)
{
    int n = snprintf(ret, size, "%s/%s", scratch(), name);

    gad_assert(n > 0 && (size_t)n < size);
    return ret;
}
