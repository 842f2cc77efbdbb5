/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOADed: a resolver that does not answer. While the file GANAD_HANG_LOOKUP exists, lookups
 * of hang.test block; then it is 127.0.0.1.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int (*real_getaddrinfo)(const char *, const char *, const struct addrinfo *,
                               struct addrinfo **);

__attribute__((constructor)) static void start(void)
{
    void *p = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real_getaddrinfo, &p, sizeof(p));
}

int getaddrinfo(const char *restrict host, const char *restrict port,
                const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    const char *control = getenv("GANAD_HANG_LOOKUP");

    if (!control || !host || strcmp(host, "hang.test") != 0)
        return real_getaddrinfo(host, port, hints, ret);
    while (access(control, F_OK) == 0)
        (void)usleep(10000);
    return real_getaddrinfo("127.0.0.1", port, hints, ret);
}
