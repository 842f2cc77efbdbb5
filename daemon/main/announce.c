/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/announce.h"

#include <stdio.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/feed/feed.h"
#include "daemon/feed/output.h"
#include "daemon/ingest/capture_merge.h"
#include "daemon/notify.h"
#include "daemon/score/models.h"
#include "daemon/watch.h"
#include "lib/base/buf.h"

/*
 * Enough for 16 models, 64 captures and 15 outputs with names of 40 bytes. The manager ignores
 * messages of more than 4096 bytes.
 */
enum { TEXT_MAX = 8192, SENT_MAX = 2048 };

struct announce {
    struct announce_options o;
    struct watch *tick;
    struct gad_buf text, last;
};

static void add_models(const struct models *m, struct gad_buf *b)
{
    gad_buf_printf(b, "STATUS=%s ", m->n == 1 ? "model" : "models");
    for (size_t i = 0; i < m->n; i++)
        gad_buf_printf(b, "%s%s", i > 0 ? ", " : "", m->model[i]->name);
}

static void add_captures(const struct capture_merge *s, struct gad_buf *b)
{
    struct capture_merge_source one;
    size_t i;

    for (i = 0; capture_merge_source(s, i, &one); i++)
        gad_buf_printf(b, "%s%s %s", i > 0 ? ", " : "; captures: ", one.name, one.state);
    if (i == 0)
        gad_buf_printf(b, "; no capture, records from clients only");
}

static void add_outputs(struct feed *f, struct gad_buf *b)
{
    struct output_status one;
    size_t i;

    for (i = 0; feed_output(f, i, &one); i++)
        gad_buf_printf(b, "%s%s %s", i > 0 ? ", " : "; outputs: ", one.config->name,
                       output_state_name(one.state));
    if (i == 0)
        gad_buf_printf(b, "; no output");
}

static void send_line(const struct announce *a, const char *first)
{
    char text[SENT_MAX];
    int n = snprintf(text, sizeof(text), "%s%s", first, (const char *)a->text.p);

    if (n >= (int)sizeof(text))
        memcpy(text + sizeof(text) - 4, "...", 4);
    notify_state(text);
}

static void send_if_changed(struct announce *a, const char *first)
{
    a->text.len = a->text.pos = 0;
    a->text.bad = false;
    add_models(a->o.models, &a->text);
    add_captures(a->o.captures, &a->text);
    add_outputs(a->o.feed, &a->text);
    gad_buf_add(&a->text, "", 1);
    if (a->text.bad ||
        (a->text.len == a->last.len && memcmp(a->text.p, a->last.p, a->text.len) == 0))
        return;
    send_line(a, first);
    struct gad_buf was = a->last;
    a->last = a->text;
    a->text = was;
}

static void tick_event(void *arg)
{
    send_if_changed(arg, "");
}

int announce_new(const struct announce_options *o, struct announce **ret)
{
    gad_cleanup(announce_freep) struct announce *a = gad_calloc(1, sizeof(*a));

    if (!a)
        return GAD_ENOMEM;
    a->o = *o;
    a->text = GAD_BUF_INIT(TEXT_MAX);
    a->last = GAD_BUF_INIT(TEXT_MAX);
    a->tick = watch_ticker(o->base, (struct gad_time){1000000000}, tick_event, a);
    if (!a->tick)
        return GAD_ENOMEM;
    *ret = gad_steal(&a);
    return 0;
}

void announce_ready(struct announce *a)
{
    send_if_changed(a, "READY=1\n");
    if (a->text.bad)
        notify_state("READY=1");
}

void announce_free(struct announce *a)
{
    if (!a)
        return;
    watch_free(a->tick);
    gad_buf_deinit(&a->text);
    gad_buf_deinit(&a->last);
    gad_free(a);
}
