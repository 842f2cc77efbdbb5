/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

enum { HOST_TEXT = 256, PORT_TEXT = 6 };

static const char *without_prefix(const char *s, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

bool gad_socket_is_unix(const char *address)
{
    return without_prefix(address, "unix:") ||
           (!without_prefix(address, "tcp:") && strchr(address, '/'));
}

static int unix_address(const char *address, struct sockaddr_un *sa, struct gad_diag *d)
{
    const char *rest = without_prefix(address, "unix:");
    const char *path = rest ? rest : address;
    size_t len = strlen(path);

    if (len == 0)
        return gad_fail(d, GAD_EFORMAT, "'%s': a unix socket needs a path", address);
    if (len >= sizeof(sa->sun_path))
        return gad_fail(d, GAD_ELIMIT,
                        "'%s': path of %zu bytes, the limit for a unix socket is %zu", address, len,
                        sizeof(sa->sun_path) - 1);
    *sa = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(sa->sun_path, path, len);
    return 0;
}

/* Splits HOST:PORT and removes the brackets of [::1]:PORT. */
static int split(const char *address, char host[static HOST_TEXT], char port[static PORT_TEXT],
                 struct gad_diag *d)
{
    const char *rest = without_prefix(address, "tcp:");
    const char *s = rest ? rest : address;
    const char *colon = strrchr(s, ':');
    size_t len = colon ? (size_t)(colon - s) : 0;
    uint64_t number;

    if (!colon)
        return gad_fail(d, GAD_EFORMAT, "'%s': neither a path nor HOST:PORT", address);
    if (len >= 2 && s[0] == '[' && s[len - 1] == ']') {
        s++;
        len -= 2;
    } else if (memchr(s, ':', len)) {
        return gad_fail(d, GAD_EFORMAT, "'%s': an IPv6 address needs brackets, [::1]:PORT",
                        address);
    }
    if (len == 0)
        return gad_fail(d, GAD_EFORMAT, "'%s': the host is missing", address);
    if (len >= HOST_TEXT)
        return gad_fail(d, GAD_ELIMIT, "'%s': host name too long", address);
    if (gad_text_u64(colon + 1, strlen(colon + 1), 65535, &number) != 0)
        return gad_fail(d, GAD_EFORMAT, "'%s': the port is not a number from 0 to 65535", address);
    memcpy(host, s, len);
    host[len] = '\0';
    (void)snprintf(port, PORT_TEXT, "%u", (unsigned)number);
    return 0;
}

int gad_socket_check(const char *address, struct gad_diag *d)
{
    char host[HOST_TEXT], port[PORT_TEXT];
    struct sockaddr_un sa;

    return gad_socket_is_unix(address) ? unix_address(address, &sa, d)
                                       : split(address, host, port, d);
}

static int resolve(const char *address, bool passive, struct addrinfo **ret, struct gad_diag *d)
{
    char host[HOST_TEXT], port[PORT_TEXT];
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)};
    int err = split(address, host, port, d);

    if (err)
        return err;
    err = getaddrinfo(host, port, &hints, ret);
    if (err == EAI_SYSTEM)
        return gad_fail(d, -errno, "%s: %s", address, gad_strerror(-errno));
    return err ? gad_fail(d, GAD_EUNKNOWN, "%s: %s", address, gai_strerror(err)) : 0;
}

/* Waits for a connect(2) in progress. Returns 0 or -errno. */
static int wait_connected(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int err = 0, n;
    socklen_t len = sizeof(err);

    do
        n = poll(&p, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (n == 0)
        return -ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 ? -err : -errno;
}

/* unix(7): a full backlog is EAGAIN without a descriptor to poll: only a blocking connect(2)
 * waits. */
static int wait_for_backlog(int fd, const struct sockaddr *sa, socklen_t len, int timeout_ms)
{
    const struct timeval tv = {timeout_ms / 1000, (suseconds_t)(timeout_ms % 1000) * 1000},
                         none = {0};
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) != 0 ||
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
        return -errno;
    if (connect(fd, sa, len) != 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (fcntl(fd, F_SETFL, flags) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof(none)) != 0)
        return -errno;
    return 0;
}

static int connect_to(const struct sockaddr *sa, socklen_t len, int timeout_ms, int *ret_fd)
{
    const int on = 1;
    gad_cleanup(gad_closep) int fd =
        socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    int err = connect(fd, sa, len) == 0 ? 0 : -errno;
    if (err == -EINPROGRESS)
        err = wait_connected(fd, timeout_ms);
    if (err == -EAGAIN && timeout_ms > 0)
        err = wait_for_backlog(fd, sa, len, timeout_ms);
    if (err)
        return err;
    if (sa->sa_family != AF_UNIX && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        return -errno;
    *ret_fd = fd;
    fd = -1; /* now the caller's */
    return 0;
}

int gad_socket_connect(const char *address, int timeout_ms, int *ret_fd, struct gad_diag *d)
{
    int err;

    if (gad_socket_is_unix(address)) {
        struct sockaddr_un sa;
        err = unix_address(address, &sa, d);
        if (err)
            return err;
        err = connect_to((const struct sockaddr *)&sa, sizeof(sa), timeout_ms, ret_fd);
    } else {
        struct addrinfo *all;
        err = resolve(address, false, &all, d);
        if (err)
            return err;
        err = GAD_EUNKNOWN;
        for (struct addrinfo *a = all; a && err; a = a->ai_next)
            err = connect_to(a->ai_addr, a->ai_addrlen, timeout_ms, ret_fd);
        freeaddrinfo(all);
    }
    return err ? gad_fail(d, err, "cannot connect to %s: %s", address, gad_strerror(err)) : 0;
}

/*
 * A socket file that no process is bound to was left by a process that ended. A socket of another
 * type tests this: it cannot be connected (EPROTOTYPE), so neither a running server nor a manager
 * that starts servers on demand notices.
 */
static bool is_left_behind(const struct sockaddr_un *sa)
{
    struct stat st;

    if (lstat(sa->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 &&
                   errno == ECONNREFUSED;
    gad_closep(&fd);
    return refused;
}

/*
 * The file has the socket's mode less the umask. chmod() of its path would be later, and root would
 * change another file if someone has replaced it by a link since. Returns the result of bind().
 */
static int bind_with_mode(int fd, const struct sockaddr_un *sa, mode_t mode)
{
    if (fchmod(fd, mode) != 0)
        return -1;
    mode_t mask = umask(0);
    int r = bind(fd, (const struct sockaddr *)sa, sizeof(*sa)), err = errno;
    (void)umask(mask);
    errno = err;
    return r;
}

static int listen_unix(const char *address, mode_t mode, int backlog, int *ret_fd,
                       struct gad_diag *d)
{
    struct sockaddr_un sa;
    int err = unix_address(address, &sa, d);

    if (err)
        return err;
    gad_cleanup(gad_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (is_left_behind(&sa))
        (void)unlink(sa.sun_path);
    if (bind_with_mode(fd, &sa, mode) != 0)
        return -errno;
    if (listen(fd, backlog) != 0) {
        err = -errno;
        (void)unlink(sa.sun_path);
        return err;
    }
    *ret_fd = fd;
    fd = -1; /* now the caller's */
    return 0;
}

static int bind_on(const struct addrinfo *a, int *ret_fd)
{
    const int on = 1;
    gad_cleanup(gad_closep) int fd =
        socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return -errno;
    if (a->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return -errno;
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0)
        return -errno;
    *ret_fd = fd;
    fd = -1; /* now the caller's */
    return 0;
}

static int listen_on(const struct addrinfo *a, int backlog, int *ret_fd)
{
    gad_cleanup(gad_closep) int fd = -1;
    int err = bind_on(a, &fd);

    if (err)
        return err;
    if (listen(fd, backlog) != 0)
        return -errno;
    *ret_fd = fd;
    fd = -1; /* now the caller's */
    return 0;
}

int gad_socket_listen(const char *address, mode_t mode, int backlog, int *ret_fd,
                      struct gad_diag *d)
{
    int err;

    if (gad_socket_is_unix(address)) {
        err = listen_unix(address, mode, backlog, ret_fd, d);
        if (err == GAD_EFORMAT || err == GAD_ELIMIT)
            return err; /* the diagnostic is set */
    } else {
        struct addrinfo *all;
        err = resolve(address, true, &all, d);
        if (err)
            return err;
        err = listen_on(all, backlog, ret_fd);
        freeaddrinfo(all);
    }
    return err ? gad_fail(d, err, "cannot listen on %s: %s", address, gad_strerror(err)) : 0;
}

static int check_listen_unix(const char *address, bool *ret_is_used, struct gad_diag *d)
{
    struct sockaddr_un sa;
    struct stat st;
    int err = unix_address(address, &sa, d);

    if (err)
        return err;
    char dir[sizeof(sa.sun_path)];
    (void)snprintf(dir, sizeof(dir), "%s", sa.sun_path);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    if (faccessat(AT_FDCWD, slash ? dir : ".", W_OK | X_OK, AT_EACCESS) != 0) {
        err = -errno;
        return gad_fail(d, err, "%s: directory '%s': %s", address, slash ? dir : ".",
                        gad_strerror(err));
    }
    if (lstat(sa.sun_path, &st) != 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return gad_fail(d, -EADDRINUSE, "%s: exists and is not a socket", address);
    *ret_is_used = !is_left_behind(&sa);
    return 0;
}

int gad_socket_check_listen(const char *address, bool *ret_is_used, struct gad_diag *d)
{
    struct addrinfo *all;
    int fd = -1;

    *ret_is_used = false;
    if (gad_socket_is_unix(address))
        return check_listen_unix(address, ret_is_used, d);
    int err = resolve(address, true, &all, d);
    if (err)
        return err;
    err = bind_on(all, &fd); /* without listen(2) no client can connect */
    gad_closep(&fd);
    freeaddrinfo(all);
    *ret_is_used = err == -EADDRINUSE;
    return err && !*ret_is_used
               ? gad_fail(d, err, "cannot listen on %s: %s", address, gad_strerror(err))
               : 0;
}

static bool is_any(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr == 0;
    return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

static bool clashes(const struct addrinfo *a, const struct addrinfo *b)
{
    if (a->ai_family != b->ai_family || (a->ai_family != AF_INET && a->ai_family != AF_INET6))
        return false;
    if (a->ai_family == AF_INET) {
        const struct sockaddr_in *x = (const void *)a->ai_addr, *y = (const void *)b->ai_addr;
        return x->sin_port != 0 && x->sin_port == y->sin_port &&
               (is_any(a->ai_addr) || is_any(b->ai_addr) ||
                x->sin_addr.s_addr == y->sin_addr.s_addr);
    }
    const struct sockaddr_in6 *x = (const void *)a->ai_addr, *y = (const void *)b->ai_addr;
    return x->sin6_port != 0 && x->sin6_port == y->sin6_port &&
           (is_any(a->ai_addr) || is_any(b->ai_addr) ||
            memcmp(&x->sin6_addr, &y->sin6_addr, sizeof(x->sin6_addr)) == 0);
}

bool gad_socket_clash(const char *a, const char *b)
{
    struct addrinfo *x = NULL, *y = NULL;
    bool r = false;

    if (gad_socket_is_unix(a) || gad_socket_is_unix(b))
        return strcmp(a, b) == 0;
    if (resolve(a, true, &x, NULL) == 0 && resolve(b, true, &y, NULL) == 0)
        r = clashes(x, y);
    if (x)
        freeaddrinfo(x);
    if (y)
        freeaddrinfo(y);
    return r;
}
