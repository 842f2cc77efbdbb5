/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stream sockets by one line of text, the same in the configuration, on the command line and in messages:
 *
 *     /run/ganadd/scoring.sock    unix, as is anything with a slash
 *     unix:scoring.sock           unix, relative
 *     127.0.0.1:4739  [::1]:4739  host.example:4739  tcp:host:4739
 *
 * All sockets are close-on-exec and non-blocking.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct gad_diag;

/* Where ganadd listens and ganadctl looks if nobody says otherwise. */
#define GAD_SCORING_SOCKET "/run/ganadd/scoring.sock"
#define GAD_CONTROL_SOCKET "/run/ganadd/control.sock"

/* Is the text a unix path (as opposed to host and port)? */
bool gad_socket_is_unix(const char *address);

/* Can the text be an address? No name is resolved. Return: 0, GAD_EFORMAT or GAD_ELIMIT. */
int gad_socket_check(const char *address, struct gad_diag *d) GAD_MUST_CHECK;

/* Would sockets that listen on these two be in each other's way? */
bool gad_socket_clash(const char *a, const char *b);

/**
 * gad_socket_check_listen() - would gad_socket_listen() succeed now?
 * @ret_is_used: another process listens there; that is no error here
 * Makes no file and takes no connection. Errors as of gad_socket_listen().
 */
int gad_socket_check_listen(const char *address, bool *ret_is_used,
                            struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_socket_connect() - a connected socket; TCP_NODELAY is set
 * @timeout_ms: for each address that the name has
 *
 * Return: 0; GAD_EFORMAT or GAD_ELIMIT for a text that is no address; GAD_EUNKNOWN for a host that has none;
 * else -errno of connect(2), -ETIMEDOUT. The diagnostic names the address and the reason.
 */
int gad_socket_connect(const char *address, int timeout_ms, int *ret_fd,
                       struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_socket_listen() - a bound, listening socket
 * @mode: permissions of a unix socket, whatever the umask; nobody can connect before they are right
 *
 * A unix socket that nobody serves any more is replaced; one that is served, or a file of another type, is
 * -EADDRINUSE. TCP: SO_REUSEADDR, IPv6 only on an IPv6 address, port 0 for any.
 */
int gad_socket_listen(const char *address, mode_t mode, int backlog, int *ret_fd,
                      struct gad_diag *d) GAD_MUST_CHECK;
