/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The names by which certificates identify the scoring clients of [client NAME]: subject
 * alternative names of three kinds, compared as RFC 5280 section 7 says, without wildcards. A
 * common name identifies no client.
 *
 * Thread: any; a table is not changed once it is complete.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct client_names;
struct config;
struct gad_diag;

enum client_name_kind { CLIENT_NAME_DNS, CLIENT_NAME_EMAIL, CLIENT_NAME_URI, N_CLIENT_NAME_KINDS };

enum {
    CLIENT_NAMES_EACH = 8, /* of one client */
    CLIENT_NAME_LEN = 255, /* bytes of one name */
};

/* An empty table, which holds the names of CONFIG_CLIENTS_MAX clients. */
int client_names_new(struct client_names **ret) GAD_MUST_CHECK;
void client_names_free(struct client_names *n);
GAD_DEFINE_CLEANUP(struct client_names, client_names_free);

/**
 * client_names_add() - adds the names of a client
 * @client: the value that client_names_find() returns for them
 * @text: "DNS:sensor1.example, email:a@example, URI:spiffe://example/sensor1"
 *
 * Returns 0; GAD_EINVAL or GAD_ELIMIT with the invalid or doubly used name in @d.
 */
int client_names_add(struct client_names *n, size_t client, const char *text,
                     struct gad_diag *d) GAD_MUST_CHECK;

/* All names of a configuration; the values count its clients that are used. */
int client_names_of(const struct config *c, struct client_names **ret,
                    struct gad_diag *d) GAD_MUST_CHECK;

/* The client with this name of a certificate, (len) bytes of any value; -1: no client has it. */
int client_names_find(const struct client_names *n, enum client_name_kind kind, const void *name,
                      size_t len);

/* "DNS", "email" or "URI". */
const char *client_name_kind(enum client_name_kind kind);

/* Checks the keys of [scoring] that concern TLS, and the [client] sections. */
int config_check_clients(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
