/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The scoring socket by TLS: "tls://HOST:PORT". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "lib/base/err.h"

struct client_tls;
struct gad_diag;

/* What the user chose: of an option, else of the environment; "": not given. All are borrowed. */
struct client_tls_choice {
    const char *ca, *certificate, *key, *server_name;
};

/* HOST:PORT of "tls://HOST:PORT"; NULL: another kind of address. */
const char *client_tls_target(const char *address);

/**
 * client_tls_open() - completes a handshake on a connected, non-blocking socket
 * @target: HOST:PORT; the server's certificate must have the host's name, or server_name
 * @timeout_ms: of the handshake
 *
 * Return: 0, or an error with the reason in @d. The descriptor stays with the caller.
 */
int client_tls_open(int fd, const char *target, const struct client_tls_choice *choice,
                    int timeout_ms, struct client_tls **ret, struct gad_diag *d) GAD_MUST_CHECK;
void client_tls_free(struct client_tls *t); /* says that nothing follows */

/* As recv(2) and send(2). If the connection broke, client_tls_error() says why. */
ssize_t client_tls_read(struct client_tls *t, uint8_t *p, size_t room);
ssize_t client_tls_write(struct client_tls *t, const uint8_t *p, size_t len);
const char *client_tls_error(const struct client_tls *t); /* "": it did not, or is not known */

/* Whether bytes are left that the descriptor does not report as readable. */
bool client_tls_has_more(const struct client_tls *t);
