/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/descriptors.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"

/*
 * Upper limits; most starts need fewer. Rings have eventfds; an output has a socket or a file, and
 * the file it reads.
 */
enum {
    FOR_START = 40,
    FOR_CAPTURE = 8,
    FOR_OUTPUT = 3,
    FILES_BESIDES = 64 /* not of clients */
};

/* Whether n more descriptors can be opened. */
static bool are_free(size_t n)
{
    gad_cleanup(gad_freep) int *fd = gad_calloc(n, sizeof(*fd));
    size_t got = 0;

    while (fd && got < n && (fd[got] = eventfd(0, EFD_CLOEXEC)) >= 0)
        got++;
    for (size_t i = 0; i < got; i++)
        (void)close(fd[i]);
    return got == n;
}

int descriptors_raise(uint64_t clients, size_t captures, size_t outputs, struct gad_diag *d)
{
    struct rlimit limit;
    uint64_t wanted = clients + FILES_BESIDES;
    size_t start = FOR_START + FOR_CAPTURE * captures + FOR_OUTPUT * outputs;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (!are_free(start))
        return gad_fail(d, -EMFILE,
                        "too many open files: %llu descriptors are allowed, a start with this "
                        "configuration needs up to %zu: " DESCRIPTORS_ADVICE,
                        (unsigned long long)limit.rlim_cur, start);
    if (limit.rlim_cur < wanted)
        log_warn("loop",
                 "%llu descriptors are allowed, max_clients may need %llu: " DESCRIPTORS_ADVICE,
                 (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
    return 0;
}
