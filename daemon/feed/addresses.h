/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The order in which the addresses of a name are tried:
 *
 *     1. the address that worked last
 *     2. addresses that have not failed, in the resolver's order, IPv4 and IPv6 in turn (RFC 8305
 *        section 4)
 *     3. addresses that failed, the one that failed longest ago first
 *
 * So every address is tried eventually, whatever the others do. Thread: one.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct addrinfo;

enum {
    ADDRESSES_MAX = 32, /* of a name; further ones are ignored */
    ADDRESS_TEXT = INET6_ADDRSTRLEN + 24
};

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t len; /* 0: no address */
};

/* What an output remembers of the addresses of its receiver. Begins as zeros. */
struct addresses {
    struct address worked; /* last */
    /* since they last worked; the one that failed longest ago first */
    struct address failed[ADDRESSES_MAX];
    size_t n_failed;
};

/* Writes each IPv4 and IPv6 address once to @ret. Returns their number. */
size_t addresses_order(const struct addresses *known, const struct addrinfo *found,
                       struct address ret[static ADDRESSES_MAX]);

void addresses_worked(struct addresses *known, const struct address *a);
void addresses_failed(struct addresses *known, const struct address *a);

bool address_is(const struct address *a, const struct address *b);
/* "[::1]:514"; "" if there is no address */
void address_text(const struct address *a, char text[static ADDRESS_TEXT]);
