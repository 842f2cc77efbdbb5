/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

bool address_is(const struct address *a, const struct address *b)
{
    if (a->len == 0 || b->len == 0 || a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
           memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

void address_text(const struct address *a, char text[static ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?", scope[12] = "";

    if (a->len == 0) {
        text[0] = '\0';
    } else if (a->any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof(host));
        (void)snprintf(text, ADDRESS_TEXT, "%s:%u", host, ntohs(a->v4.sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof(host));
        if (a->v6.sin6_scope_id != 0)
            (void)snprintf(scope, sizeof(scope), "%%%u", a->v6.sin6_scope_id);
        (void)snprintf(text, ADDRESS_TEXT, "[%s%s]:%u", host, scope, ntohs(a->v6.sin6_port));
    }
}

/* Returns the index of @a in the list, or @n. */
static size_t find(const struct address *list, size_t n, const struct address *a)
{
    size_t i = 0;

    while (i < n && !address_is(&list[i], a))
        i++;
    return i;
}

static bool take(const struct addrinfo *from, struct address *to)
{
    bool is_v4 = from->ai_family == AF_INET && from->ai_addrlen == sizeof(to->v4);
    bool is_v6 = from->ai_family == AF_INET6 && from->ai_addrlen == sizeof(to->v6);

    *to = (struct address){.len = 0};
    if (!is_v4 && !is_v6)
        return false;
    memcpy(&to->any, from->ai_addr, from->ai_addrlen);
    to->len = from->ai_addrlen;
    return true;
}

/* Takes the two families in turn, beginning with that of the resolver's first address. */
static size_t interleave(const struct addrinfo *found, struct address *ret)
{
    const struct addrinfo *next[2] = {found, found};
    int family[2] = {found ? found->ai_family : AF_INET, AF_INET};
    size_t n = 0;

    family[1] = family[0] == AF_INET ? AF_INET6 : AF_INET;
    for (unsigned turn = 0; n < ADDRESSES_MAX && (next[0] || next[1]); turn ^= 1) {
        const struct addrinfo *a = next[turn];
        while (a &&
               (a->ai_family != family[turn] || !take(a, &ret[n]) || find(ret, n, &ret[n]) < n))
            a = a->ai_next;
        n += a != NULL;
        next[turn] = a ? a->ai_next : NULL;
    }
    return n;
}

static size_t rank(const struct addresses *known, const struct address *a)
{
    size_t failed = find(known->failed, known->n_failed, a);

    if (address_is(a, &known->worked))
        return 0;
    return failed == known->n_failed ? 1 : 2 + failed;
}

size_t addresses_order(const struct addresses *known, const struct addrinfo *found,
                       struct address ret[static ADDRESSES_MAX])
{
    size_t n = interleave(found, ret);

    for (size_t i = 1; i < n; i++) {
        struct address a = ret[i];
        size_t at = i;
        for (; at > 0 && rank(known, &ret[at - 1]) > rank(known, &a); at--)
            ret[at] = ret[at - 1];
        ret[at] = a;
    }
    return n;
}

static void forget(struct addresses *known, size_t i)
{
    memmove(&known->failed[i], &known->failed[i + 1],
            (known->n_failed - i - 1) * sizeof(known->failed[0]));
    known->n_failed--;
}

void addresses_worked(struct addresses *known, const struct address *a)
{
    size_t failed = find(known->failed, known->n_failed, a);

    if (failed < known->n_failed)
        forget(known, failed);
    known->worked = *a;
}

void addresses_failed(struct addresses *known, const struct address *a)
{
    size_t failed = find(known->failed, known->n_failed, a);

    if (a->len == 0)
        return;
    if (address_is(a, &known->worked))
        known->worked.len = 0;
    if (failed < known->n_failed)
        forget(known, failed);
    else if (known->n_failed == ADDRESSES_MAX)
        forget(known, 0);
    known->failed[known->n_failed++] = *a;
}
