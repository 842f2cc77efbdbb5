/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stream sockets from one line of text, with the same syntax in the configuration, on the command
 * line and in messages:
 *
 *     /run/ganadd/scoring.sock    unix, like anything with a slash
 *     unix:scoring.sock           unix, relative
 *     127.0.0.1:4739  [::1]:4739  host.example:4739  tcp:host:4739
 *
 * All sockets are close-on-exec and non-blocking.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct gad_diag;

/* Default sockets of ganadd and ganadctl. */
#define GAD_SCORING_SOCKET "/run/ganadd/scoring.sock"
#define GAD_CONTROL_SOCKET "/run/ganadd/control.sock"

/* Is the text a unix path (as opposed to host and port)? */
bool gad_socket_is_unix(const char *address);

/* Checks the syntax of an address; resolves no name. Returns 0, GAD_EFORMAT or GAD_ELIMIT. */
int gad_socket_check(const char *address, struct gad_diag *d) GAD_MUST_CHECK;

/* Would listening on both addresses conflict? */
bool gad_socket_clash(const char *a, const char *b);

/**
 * gad_socket_check_listen() - checks whether gad_socket_listen() would succeed now
 * @ret_is_used: another process listens there; here that is no error
 * Creates no file and accepts no connection. Errors as of gad_socket_listen().
 */
int gad_socket_check_listen(const char *address, bool *ret_is_used,
                            struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_socket_connect() - connects a socket and sets TCP_NODELAY
 * @timeout_ms: for each address of the name
 *
 * Return: 0; GAD_EFORMAT or GAD_ELIMIT for an invalid address; GAD_EUNKNOWN for a host without an
 * address; else -errno of connect(2), -ETIMEDOUT. The diagnostic names the address and the reason.
 */
int gad_socket_connect(const char *address, int timeout_ms, int *ret_fd,
                       struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_socket_listen() - opens a bound, listening socket
 * @mode: permissions of a unix socket, whatever the umask; no peer can connect before they are set
 *
 * A unix socket without a server is replaced. A unix socket with a server, or a file of another
 * type, is -EADDRINUSE. The umask is 0 for a moment: to be called before other threads make files.
 * TCP: SO_REUSEADDR, IPv6 only on an IPv6 address, port 0 for any port.
 */
int gad_socket_listen(const char *address, mode_t mode, int backlog, int *ret_fd,
                      struct gad_diag *d) GAD_MUST_CHECK;
