/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reload/events.h"

#include <stdio.h>
#include <string.h>

#include "daemon/feed/feed.h"
#include "daemon/reload/reload.h"
#include "lib/base/text.h"
#include "lib/event/event.h"

static void set(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from);
}

static const char *action_of(const struct reload_result *r, const struct reload_change *c)
{
    switch (c->kind) {
    case RELOAD_NEW:
        return "added";
    case RELOAD_GONE:
        return "removed";
    case RELOAD_CHANGED:
    case RELOAD_SAME:
        break;
    }
    return r->how == RELOAD_BACK ? "rolled-back" : "loaded";
}

static void report_change(const struct reload_result *r, const struct reload_change *c,
                          struct feed *f)
{
    struct gad_model_event e = {0};

    set(e.action, sizeof(e.action), action_of(r, c));
    set(e.model, sizeof(e.model), c->name);
    set(e.model_sha256, sizeof(e.model_sha256), c->is);
    set(e.previous_sha256, sizeof(e.previous_sha256), c->was);
    feed_model(f, &e);
}

void reload_report(const struct reload_result *r, struct feed *f)
{
    if (r->error != 0) {
        struct gad_model_event e = {.action = "refused"};
        set(e.model, sizeof(e.model), r->asked);
        gad_text_escape(e.reason, sizeof(e.reason), r->why.text, strlen(r->why.text));
        feed_model(f, &e);
        return;
    }
    for (size_t i = 0; i < r->n; i++)
        if (r->change[i].kind != RELOAD_SAME)
            report_change(r, &r->change[i], f);
}
