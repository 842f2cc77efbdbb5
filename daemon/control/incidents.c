/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/incidents.h"

#include "daemon/alert/recent.h"
#include "daemon/feed/feed.h"
#include "lib/base/buf.h"
#include "lib/event/format.h"
#include "lib/wire/frame.h"

enum {
    ENTRIES = 64,         /* of one answer */
    EVENT_MAX = 16 << 10, /* bytes of one event */
    TEXT_MAX = 256 << 10, /* of all events of one answer */
};

/* A message and everything that it points to. */
struct answer {
    Ganad__V1__IncidentsReply m;
    Ganad__V1__IncidentsReply__Entry entry[ENTRIES], *list[ENTRIES];
    size_t at[ENTRIES]; /* where its event begins in @text, which moves while it grows */
    struct gad_buf text;
};

static int add(struct answer *a, const struct recent_entry *e)
{
    static const struct gad_format_options options = {.max = EVENT_MAX};
    size_t i = a->m.n_entry;
    Ganad__V1__IncidentsReply__Entry *to = &a->entry[i];

    a->at[i] = a->text.len;
    int r = gad_format_write(&gad_format_json, e->event, &options, &a->text);
    gad_buf_add(&a->text, "", 1);
    if (r != 0 || a->text.bad)
        return GAD_ENOMEM;
    ganad__v1__incidents_reply__entry__init(to);
    to->change = e->change;
    to->alerts = e->alerts;
    a->list[i] = to;
    a->m.n_entry++;
    return 0;
}

static int fill(struct answer *a, struct recent *r, uint64_t from)
{
    struct recent_entry e = {.change = from};

    while (recent_after(r, e.change, &e)) {
        if (a->m.n_entry == ENTRIES || a->text.len + EVENT_MAX >= TEXT_MAX) {
            a->m.more = true;
            return 0;
        }
        if (add(a, &e) != 0)
            return GAD_ENOMEM;
    }
    return 0;
}

static int pack(struct answer *a, struct gad_buf *out)
{
    for (size_t i = 0; i < a->m.n_entry; i++)
        a->entry[i].event = (char *)a->text.p + a->at[i];
    size_t len = ganad__v1__incidents_reply__get_packed_size(&a->m);
    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        return GAD_ENOMEM;
    gad_frame_add_head(out, GANAD__V1__KIND__INCIDENTS_REPLY, len);
    out->len += ganad__v1__incidents_reply__pack(&a->m, out->p + out->len);
    return 0;
}

int control_incidents_reply(const struct feed *f, uint64_t from, struct gad_buf *out)
{
    gad_cleanup(gad_freep) struct answer *a = gad_calloc(1, sizeof(*a));

    if (!a)
        return GAD_ENOMEM;
    ganad__v1__incidents_reply__init(&a->m);
    a->m.entry = a->list;
    a->text = GAD_BUF_INIT(TEXT_MAX + 1);
    int r = fill(a, feed_recent(f), from);
    if (r == 0)
        r = pack(a, out);
    gad_buf_deinit(&a->text);
    return r;
}
