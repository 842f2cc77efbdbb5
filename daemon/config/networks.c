/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/networks.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/net/tuple.h"
#include "lib/suppress/rule.h"

enum { NETWORK_TEXT = 64 };

struct address {
    uint64_t word[2]; /* in memory order: addresses are compared, not sorted */
};

struct one {
    uint8_t family, bits;
    struct address addr, mask;
};

struct networks {
    size_t n;
    struct one at[NETWORKS_MAX]; /* longest prefixes first */
};

/* Inserts after the prefixes of the same length. */
static void insert(struct networks *n, const struct gad_network *w)
{
    uint8_t mask[16] = {0};
    size_t i = n->n++;

    for (; i > 0 && n->at[i - 1].bits < w->bits; i--)
        n->at[i] = n->at[i - 1];
    for (size_t bit = 0; bit < w->bits; bit++)
        mask[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    n->at[i] = (struct one){.family = w->family, .bits = w->bits};
    memcpy(&n->at[i].addr, w->addr, sizeof(w->addr));
    memcpy(&n->at[i].mask, mask, sizeof(mask));
}

static int add(struct networks *n, const char *word, size_t len, struct gad_diag *d)
{
    char text[NETWORK_TEXT];
    struct gad_network w;

    if (n->n == NETWORKS_MAX)
        return gad_fail(d, GAD_EINVAL, "more than %d networks", NETWORKS_MAX);
    if (len < sizeof(text)) {
        memcpy(text, word, len);
        text[len] = '\0';
    }
    if (len >= sizeof(text) || gad_network_parse(text, &w) != 0)
        return gad_fail(
            d, GAD_EINVAL,
            "'%.*s': not a network such as 192.0.2.0/24 or 2001:db8::/32, with no bits set "
            "after its prefix",
            (int)(len < NETWORK_TEXT ? len : NETWORK_TEXT), word);
    insert(n, &w);
    return 0;
}

int networks_new(const char *text, struct networks **ret, struct gad_diag *d)
{
    gad_cleanup(networks_freep) struct networks *n = gad_calloc(1, sizeof(*n));

    if (!n)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, ", ");
        int r = len > 0 ? add(n, p, len, d) : 0;
        if (r != 0)
            return r;
        p += len + (p[len] != '\0');
    }
    *ret = n->n > 0 ? gad_steal(&n) : NULL;
    return 0;
}

void networks_free(struct networks *n)
{
    gad_free(n);
}

static bool holds(const struct one *o, const struct address *a)
{
    return ((a->word[0] & o->mask.word[0]) ^ o->addr.word[0]) == 0 &&
           ((a->word[1] & o->mask.word[1]) ^ o->addr.word[1]) == 0;
}

int networks_match(const struct networks *n, const struct gad_tuple *t)
{
    struct address src, dst;

    if (!n || t->family == 0)
        return -1;
    memcpy(&src, t->src, sizeof(src));
    memcpy(&dst, t->dst, sizeof(dst));
    for (size_t i = 0; i < n->n; i++) {
        const struct one *o = &n->at[i];
        if (o->family == t->family && (holds(o, &src) || holds(o, &dst)))
            return o->bits;
    }
    return -1;
}
