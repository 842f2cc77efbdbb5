/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOADed: a file system that stops responding. GANAD_HANG_DISK is a control file. While it
 * exists, the calls that it names ("fdatasync write open") block if they are for a file whose path
 * begins with the path in its first line. glibc only; the programs under test have 64-bit file
 * offsets.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { CONTROL_MAX = 4096 };

static ssize_t (*real_write)(int fd, const void *p, size_t len);
static int (*real_fdatasync)(int fd);
static int (*real_open)(const char *path, int flags, ...);

/* Converts a function to the type of dlsym(), which ISO C does not convert. */
static void find(void *function, const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    memcpy(function, &p, sizeof(p));
}

__attribute__((constructor)) static void start(void)
{
    find(&real_write, "write");
    find(&real_fdatasync, "fdatasync");
    find(&real_open, "open64");
}

static bool hangs(const char *call, const char *path)
{
    const char *control = getenv("GANAD_HANG_DISK");
    char text[CONTROL_MAX];
    int fd = control ? real_open(control, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0)
        return false;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    text[len > 0 ? len : 0] = '\0';
    char *calls = strchr(text, '\n');
    if (!calls)
        return false;
    *calls++ = '\0';
    return strncmp(path, text, strlen(text)) == 0 && strstr(calls, call);
}

/* Without signals, as the kernel waits for a disk. */
static void wait_while_it_hangs(const char *call, const char *path)
{
    const struct timespec tick = {0, 5000000};
    sigset_t all, old;

    if (!hangs(call, path))
        return;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (hangs(call, path))
        (void)nanosleep(&tick, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void wait_for_fd(const char *call, int fd)
{
    char link[64], path[PATH_MAX];

    if (fd <= STDERR_FILENO || !getenv("GANAD_HANG_DISK"))
        return;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path) - 1);
    if (len <= 0)
        return;
    path[len] = '\0';
    wait_while_it_hangs(call, path);
}

ssize_t write(int fd, const void *p, size_t len)
{
    wait_for_fd("write", fd);
    return real_write(fd, p, len);
}

int fdatasync(int fd)
{
    wait_for_fd("fdatasync", fd);
    return real_fdatasync(fd);
}

int open64(const char *path, int flags, ...)
{
    va_list ap;

    va_start(ap, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    wait_while_it_hangs("open", path);
    return real_open(path, flags, mode);
}
