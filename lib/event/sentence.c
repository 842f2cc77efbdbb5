/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/sentence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "model 'x' loaded: 0123456789abcdef instead of fedcba9876543210", "models refused: REASON" */
static void model_sentence(const struct gad_model_event *m, char text[static GAD_EVENT_SENTENCE])
{
    bool has_name = *m->model != '\0';
    const char *quote = has_name ? " '" : "s", *end = has_name ? "'" : "";

    if (*m->reason)
        (void)snprintf(text, GAD_EVENT_SENTENCE, "model%s%s%s %s: %s", quote, m->model, end,
                       m->action, m->reason);
    else
        (void)snprintf(text, GAD_EVENT_SENTENCE, "model%s%s%s %s%s%.16s%s%.16s", quote, m->model,
                       end, m->action, *m->model_sha256 ? ": " : "", m->model_sha256,
                       *m->previous_sha256 ? " instead of " : "", m->previous_sha256);
}

/* "capture 'lan' was blind: lost 3, flow_evicted 12" */
static void blind_sentence(const struct gad_event *e, char text[static GAD_EVENT_SENTENCE])
{
    const struct gad_blind_event *b = &e->blind;
    size_t len = 0;

    if (!gad_capture_is_blind(e)) {
        (void)snprintf(text, GAD_EVENT_SENTENCE, "capture '%s' sees all again, after %.0f s",
                       b->source, gad_time_seconds(b->period));
        return;
    }
    (void)snprintf(text, GAD_EVENT_SENTENCE, "capture '%s' was blind", b->source);
    for (size_t i = 0; i < b->n; i++) {
        len = strlen(text);
        (void)snprintf(text + len, GAD_EVENT_SENTENCE - len, "%s %s %" PRIu64, i > 0 ? "," : ":",
                       b->counter[i].name, b->counter[i].value);
    }
}

/* "alerts were limited: 12 high, 3 medium and 0 low anomalous records in 60 s have no alert" */
static void limit_sentence(const struct gad_limit_event *l, struct gad_words *w)
{
    char high[GAD_SHOWN_TEXT], medium[GAD_SHOWN_TEXT], low[GAD_SHOWN_TEXT], span[GAD_SHOWN_TEXT];

    gad_words_add(w, "alerts were limited: %s high, %s medium and %s low anomalous records",
                  gad_shown_count(l->high, high), gad_shown_count(l->medium, medium),
                  gad_shown_count(l->low, low));
    gad_words_add(w, " in %s have no alert", gad_shown_span(l->period, span));
    if (l->n_cause > 0 && *gad_hint_phrase(l->cause[0].hint))
        gad_words_add(w, "; most look like %s", gad_hint_phrase(l->cause[0].hint));
    if (l->n_source > 0)
        gad_words_add(w, "; most from %s",
                      gad_shown_address(l->source[0].family, l->source[0].address, span));
}

void gad_event_sentence(const struct gad_event *e, char text[static GAD_EVENT_SENTENCE])
{
    struct gad_words w = {0};

    switch (e->kind) {
    case GAD_EVENT_ALERT:
        gad_alert_sentence(&e->alert, &w);
        memcpy(text, w.text, sizeof(w.text));
        break;
    case GAD_EVENT_HEARTBEAT:
        (void)snprintf(text, GAD_EVENT_SENTENCE,
                       "ganadd %s is alive: up %.0f s, %" PRIu64 " records, %" PRIu64 " alerts",
                       e->heartbeat.version, gad_time_seconds(e->heartbeat.uptime),
                       e->heartbeat.records, e->heartbeat.alerts);
        break;
    case GAD_EVENT_STATS:
        (void)snprintf(text, GAD_EVENT_SENTENCE, "ganadd counts: %zu counters after %.0f s",
                       e->stats.n, gad_time_seconds(e->stats.uptime));
        break;
    case GAD_EVENT_LOSS:
        (void)snprintf(text, GAD_EVENT_SENTENCE,
                       e->loss.unused ? "%s%" PRIu64 " events were lost: no event had the numbers "
                                        "%" PRIu64 " to %" PRIu64
                                      : "%s%" PRIu64 " events were lost, %" PRIu64 " to %" PRIu64,
                       e->loss.at_most ? "at most " : "", gad_loss_count(&e->loss), e->loss.first,
                       e->loss.last);
        break;
    case GAD_EVENT_MODEL:
        model_sentence(&e->model, text);
        break;
    case GAD_EVENT_BLIND:
        blind_sentence(e, text);
        break;
    case GAD_EVENT_LIMIT:
        limit_sentence(&e->limit, &w);
        memcpy(text, w.text, sizeof(w.text));
        break;
    case GAD_N_EVENTS:
        *text = '\0';
    }
}
