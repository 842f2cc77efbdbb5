/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/descriptors.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"

/* At most, and so more than most starts take; rings have eventfds, an output a socket or a file and what it reads. */
enum {
    FOR_START = 40,
    FOR_CAPTURE = 8,
    FOR_OUTPUT = 3,
    FILES_BESIDES = 64 /* that are no client's */
};

/* Can so many be opened? */
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

int descriptors_raise(const struct config *c, struct gad_diag *d)
{
    struct rlimit limit;
    uint64_t wanted = c->scoring.max_clients + c->control.max_clients + FILES_BESIDES;
    size_t start = FOR_START + FOR_CAPTURE * c->n_captures + FOR_OUTPUT * c->n_outputs;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (!are_free(start))
        return gad_fail(d, -EMFILE,
                        "too many open files: %llu descriptors are allowed, a start with this "
                        "configuration takes up to %zu: " DESCRIPTORS_ADVICE,
                        (unsigned long long)limit.rlim_cur, start);
    if (limit.rlim_cur < wanted)
        log_warn("loop",
                 "%llu descriptors are allowed, max_clients may need %llu: " DESCRIPTORS_ADVICE,
                 (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
    return 0;
}
