/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The addresses of a name, in the order in which they are tried: first the one that worked last, then those that have
 * not failed, as the resolver has them but with IPv4 and IPv6 in turn (RFC 8305 section 4), then those that failed, the
 * longest ago first. So each is tried in the end, whatever the others do.
 *
 * Thread: one.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct addrinfo;

enum {
    ADDRESSES_MAX = 32, /* of a name; more are not looked at */
    ADDRESS_TEXT = INET6_ADDRSTRLEN + 24
};

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t len; /* 0: none */
};

/* What is remembered of one receiver's addresses. Begins as zeros. */
struct addresses {
    struct address worked;                /* last */
    struct address failed[ADDRESSES_MAX]; /* since they worked, the longest ago first */
    size_t n_failed;
};

/* Into @ret, each once; returns how many. Families but IPv4 and IPv6 are passed over. */
size_t addresses_order(const struct addresses *known, const struct addrinfo *found,
                       struct address ret[static ADDRESSES_MAX]);

void addresses_worked(struct addresses *known, const struct address *a);
void addresses_failed(struct addresses *known, const struct address *a);

bool address_is(const struct address *a, const struct address *b);
void address_text(const struct address *a,
                  char text[static ADDRESS_TEXT]); /* "[::1]:514"; "" of none */
