/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/blindness.h"

#include <stdio.h>

#include "daemon/alert/blind.h"
#include "daemon/config/config.h"
#include "daemon/feed/feed.h"
#include "daemon/ingest/capture_merge.h"
#include "daemon/log.h"
#include "daemon/watch.h"
#include "lib/base/mem.h"

struct blindness {
    const struct capture_merge *captures;
    struct feed *feed;
    struct watch *second;
    struct gad_event event;                  /* scratch */
    struct blind blind[CONFIG_CAPTURES_MAX]; /* in the order of the captures */
};

static void report(struct blindness *b)
{
    char text[GAD_EVENT_SENTENCE];

    gad_event_sentence(&b->event, text);
    if (gad_event_warns(&b->event))
        log_warn("capture", "%s", text);
    else
        log_notice("capture", "%s", text);
    feed_blind(b->feed, &b->event.blind);
}

void blindness_look(struct blindness *b)
{
    struct gad_time now = gad_time_monotonic();
    struct capture_merge_source s;

    for (size_t i = 0; b && b->captures && capture_merge_source(b->captures, i, &s); i++) {
        b->event = (struct gad_event){.kind = GAD_EVENT_BLIND};
        if (!blind_check(&b->blind[i], &s.stats.counts, now, &b->event.blind))
            continue;
        (void)snprintf(b->event.blind.source, sizeof(b->event.blind.source), "%s", s.name);
        report(b);
    }
}

static void on_second(void *arg)
{
    blindness_look(arg);
}

int blindness_new(struct event_base *base, const struct capture_merge *captures, struct feed *f,
                  struct blindness **ret)
{
    struct blindness *b = gad_calloc(1, sizeof(*b));

    if (!b)
        return GAD_ENOMEM;
    b->captures = captures;
    b->feed = f;
    b->second = watch_ticker(base, (struct gad_time){1000000000}, on_second, b);
    if (!b->second) {
        gad_free(b);
        return GAD_ENOMEM;
    }
    *ret = b;
    return 0;
}

void blindness_free(struct blindness *b)
{
    if (!b)
        return;
    watch_free(b->second);
    gad_free(b);
}
