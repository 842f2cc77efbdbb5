/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/config.h"

#include <string.h>

#include "daemon/config/config.h"
#include "daemon/control/control.h"
#include "daemon/reload/reload.h"
#include "daemon/stats.h"
#include "lib/base/buf.h"
#include "lib/wire/frame.h"
#include "proto/ganad.pb-c.h"

enum {
    VALUES = 100,          /* values of one answer */
    BYTES_MAX = 256 << 10, /* of their texts; a longer value is sent alone */
};

/* A message and everything that it points to. */
struct answer {
    Ganad__V1__ConfigReply m;
    Ganad__V1__ConfigReply__Value value[VALUES], *list[VALUES];
    uint64_t from, n; /* the first requested value; the number seen so far */
    size_t bytes;
};

static char *unconst(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void take(void *arg, const struct config_entry *e)
{
    struct answer *a = arg;
    uint64_t i = a->n++;
    size_t bytes = strlen(e->text) + (e->file ? strlen(e->file) : 0);

    if (i < a->from || a->m.next > 0)
        return;
    if (a->m.n_value == VALUES || (a->m.n_value > 0 && a->bytes + bytes > BYTES_MAX)) {
        a->m.next = i;
        return;
    }
    Ganad__V1__ConfigReply__Value *v = &a->value[a->m.n_value];
    ganad__v1__config_reply__value__init(v);
    v->section = unconst(e->section);
    v->name = unconst(e->name);
    v->key = unconst(e->key);
    v->value = unconst(e->text);
    if (e->file)
        v->file = unconst(e->file);
    v->line = e->line;
    v->unused = e->is_unused;
    a->list[a->m.n_value++] = v;
    a->bytes += bytes;
}

int control_config_reply(const struct control_options *o, uint64_t from, struct gad_buf *out)
{
    gad_cleanup(gad_freep) struct answer *a = gad_calloc(1, sizeof(*a));
    const struct config *now = o->reload ? reload_config(o->reload) : o->config;

    if (!a)
        return GAD_ENOMEM;
    ganad__v1__config_reply__init(&a->m);
    a->from = from;
    a->m.value = a->list;
    a->m.reloads = o->stats->reloads;
    config_walk(o->config, now, take, a);

    size_t len = ganad__v1__config_reply__get_packed_size(&a->m);
    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        return GAD_ENOMEM;
    gad_frame_add_head(out, GANAD__V1__KIND__CONFIG_REPLY, len);
    out->len += ganad__v1__config_reply__pack(&a->m, out->p + out->len);
    return 0;
}
