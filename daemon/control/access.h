/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who may do what on the control socket. The kernel states the user and the groups of a client as
 * of its connect(): SO_PEERCRED and SO_PEERGROUPS of unix(7). Root and the daemon's user may do
 * everything. A key without a group restricts nothing.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct config;
struct gad_diag;

/* Control connections beyond max_clients: the first for root or the daemon's user, the second for
 * root alone. */
enum { ACCESS_RESERVED = 2 };

enum { ACCESS_READ = 1, ACCESS_CHANGE = 2 }; /* a set: what a client may do */

struct access {
    const char *read_name, *admin_name; /* of the groups; borrowed from the configuration */
    gid_t read, admin;                  /* PRIVILEGES_OWN_GROUP: no group is configured */
};

struct access_peer {
    uid_t uid; /* the overflow user, 65534, if the kernel does not state it */
    unsigned rights;
    unsigned reserved; /* of the reserved connections, how many it may use */
};

/* Fails if a group of [control] does not exist. */
int access_init(const struct config *c, struct access *ret, struct gad_diag *d) GAD_MUST_CHECK;

/* @fd: a unix socket. What the kernel does not state gives no right. */
struct access_peer access_peer(const struct access *a, int fd);

/* Which right a command needs. An unknown command needs ACCESS_CHANGE. */
unsigned access_needs(const Ganad__V1__ControlRequest *m);

enum { ACCESS_TEXT = 256 };
/* Writes who has the right that was missing. Returns @text. */
const char *access_refusal(const struct access *a, unsigned needs, char text[static ACCESS_TEXT]);
