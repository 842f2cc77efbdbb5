/* SPDX-License-Identifier: Apache-2.0 */
/* From the spool into the buffer, and out of the buffer what has been written. Calls no other file
 * of an output. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/feed/output_parts.h"
#include "daemon/log.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"
#include "lib/spool/reader.h"

static const int64_t SECOND = 1000000000;

enum {
    GIVE_UP_SECONDS = 10,    /* before a segment that cannot be read counts as lost */
    RATE_WAIT_NS = 20000000, /* between two checks of the rate */
};

static size_t at(const struct output *o, size_t i)
{
    return (o->head + i) % OUTPUT_MESSAGES;
}

static struct output_message *message_at(struct output *o, size_t i)
{
    return &o->message[at(o, i)];
}

/* Appends o->line with its framing to the buffer. */
static void push_line(struct output *o, uint64_t next)
{
    size_t before = gad_buf_left(&o->buf), len = gad_buf_left(&o->line);

    if (o->octets)
        gad_buf_printf(&o->buf, "%zu ", len);
    gad_buf_add(&o->buf, o->line.p + o->line.pos, len);
    if (!o->octets && !o->ops->is_datagram)
        gad_buf_add(&o->buf, "\n", 1);
    gad_assert(!o->buf.bad); /* output_fill() leaves room for the longest */
    *message_at(o, o->n_messages++) = (struct output_message){gad_buf_left(&o->buf) - before, next};
}

/* Passes events before @next for which nothing is written. */
static void skip_to(struct output *o, uint64_t next)
{
    if (o->n_messages > 0)
        message_at(o, o->n_messages - 1)->next = next;
    else
        resend_window_skipped(&o->window, next);
}

static void lose(struct output *o, uint64_t n)
{
    o->now.lost += n;
}

/* Formats o->event. An event that is too long with the least detail is lost. */
static void push_event(struct output *o, uint64_t next)
{
    if ((o->kinds & 1U << o->event.kind) == 0 ||
        (o->event.kind == GAD_EVENT_ALERT && o->event.alert.severity > o->severity)) {
        o->now.skipped++;
        skip_to(o, next);
        return;
    }
    /* also for an event that is too long: the receiver is to notice it */
    if (o->event.kind != GAD_EVENT_LOSS) {
        o->event.filtered = o->filters;
        o->event.prev_seq = o->prev;
        o->prev = o->event.seq;
    }
    struct gad_format_options form = o->form;
    o->line.pos = o->line.len = 0;
    if (o->o.config->syslog) {
        gad_syslog_head(&o->event, &form, &o->line);
        gad_buf_add(&o->line, "- ", 2);
        form.max -= gad_buf_left(&o->line) < form.max ? gad_buf_left(&o->line) : form.max;
    }
    if (gad_format_write(o->format, &o->event, &form, &o->line) != 0) {
        lose(o, o->event.kind == GAD_EVENT_LOSS ? 0 : 1);
        skip_to(o, next);
        return;
    }
    push_line(o, next);
}

static void push_loss(struct output *o, const struct gad_loss *l, struct gad_time time)
{
    o->event =
        (struct gad_event){.kind = GAD_EVENT_LOSS, .run = o->o.run, .time = time, .loss = *l};
    (void)snprintf(o->event.sensor, sizeof(o->event.sensor), "%s", o->o.sensor);
    (void)snprintf(o->event.loss.output, sizeof(o->event.loss.output), "%s", o->o.config->name);
    push_event(o, l->last + 1);
}

static void report_loss(void *arg, const struct gad_loss *part, bool is_new)
{
    struct output *o = arg;

    if (is_new && part->unused) {
        log_notice("feed", "output '%s': no event ever had the numbers %" PRIu64 " to %" PRIu64,
                   o->o.config->name, part->first, part->last);
    } else if (is_new) {
        log_warn("feed", "output '%s': events %" PRIu64 " to %" PRIu64 " are lost%s",
                 o->o.config->name, part->first, part->last, part->at_most ? ", at most" : "");
        lose(o, gad_loss_count(part));
        o->now.lost_at_most += part->at_most ? gad_loss_count(part) : 0;
    }
    push_loss(o, part, gad_time_wall());
}

static void take_gap(struct output *o, const struct gad_spool_item *item)
{
    const struct gad_loss gap = {.first = item->seq,
                                 .last = item->end - 1,
                                 .at_most = item->at_most,
                                 .unused = item->unused};

    losses_take(&o->losses, &gap, o->known, report_loss, o);
    skip_to(o, item->end);
}

static void take_item(struct output *o, const struct gad_spool_item *item)
{
    struct gad_diag d = {""};

    if (!item->p) {
        take_gap(o, item);
        return;
    }
    if (gad_event_unpack(item->kind, item->seq, item->p, item->len, &o->event, &d) != 0) {
        log_warn("feed", "output '%s': event %" PRIu64 ": %s", o->o.config->name, item->seq,
                 d.text);
        lose(o, item->end > o->known ? 1 : 0);
        o->prev = item->seq; /* so that the receiver notices the gap */
        skip_to(o, item->end);
        return;
    }
    push_event(o, item->end);
}

/* The spool cannot be read, or its last events are missing, which the writer may still restore. The
 * output retries once a second; after GIVE_UP_SECONDS it reports them as lost. */
static void spool_failed(struct output *o, int err, struct gad_time now)
{
    if (!o->spool_fails) {
        log_warn("feed", "output '%s': the spool cannot be read: %s", o->o.config->name,
                 gad_strerror(err));
        o->spool_failed = now;
    } else if (gad_time_sub(now, o->spool_failed).ns > GIVE_UP_SECONDS * SECOND) {
        gad_spool_reader_give_up(o->reader);
        o->gives_up = true;
        o->spool_failed = now;
    }
    o->spool_fails = true;
    o->spool_again.ns = now.ns + SECOND;
}

static void wait_for_rate(struct output *o)
{
    o->rate_waits = true;
    watch_after(o->timer, (struct gad_time){RATE_WAIT_NS});
}

void output_fill(struct output *o)
{
    uint64_t end = o->o.end(o->o.arg);
    struct gad_time now = gad_time_monotonic();
    struct gad_spool_item item;

    /* Room for the losses that one gap may be reported as. */
    while (o->n_messages + (size_t)2 * LOSSES_MAX + 1 < OUTPUT_MESSAGES &&
           gad_buf_left(&o->buf) < OUTPUT_BUFFER &&
           !(o->spool_fails && now.ns < o->spool_again.ns)) {
        if (rate_limit_take(&o->rate, now, 1) == 0) {
            wait_for_rate(o);
            return;
        }
        size_t before = o->n_messages;
        int r = gad_spool_reader_next(o->reader, end, &item);
        if (r == 0 && item.at_end && !o->gives_up) {
            gad_spool_reader_seek(o->reader, item.seq);
            r = -ENOENT;
        }
        if (r == 0)
            take_item(o, &item);
        if (o->n_messages == before)
            rate_limit_give_back(&o->rate, 1);
        if (r < 0)
            spool_failed(o, r, now);
        if (r != 0)
            return;
        o->spool_fails = o->gives_up = false;
    }
}

void output_took(struct output *o, size_t n)
{
    struct gad_time now = gad_time_monotonic();

    gad_buf_consume(&o->buf, n);
    o->written += n;
    while (o->n_messages > 0 && o->written >= message_at(o, 0)->len) {
        const struct output_message *m = message_at(o, 0);
        o->written -= m->len;
        o->now.sent++;
        o->now.bytes += m->len;
        if (m->next <= o->known)
            o->now.replayed++;
        else
            o->known = m->next;
        resend_window_wrote(&o->window, m->next, now);
        o->head = (o->head + 1) % OUTPUT_MESSAGES;
        o->n_messages--;
    }
    o->progress = now;
}

void output_drop_first(struct output *o)
{
    lose(o, message_at(o, 0)->next > o->known ? 1 : 0);
    output_took(o, message_at(o, 0)->len);
    o->now.sent--;
}

size_t output_next_write(const struct output *o)
{
    size_t len = 0, most = o->o.config->file_size;

    if (o->ops->is_datagram)
        return o->message[at(o, 0)].len;
    if (!o->ops->is_file || most == 0)
        return gad_buf_left(&o->buf);
    for (size_t i = 0; i < o->n_messages; i++) {
        size_t more = o->message[at(o, i)].len;
        if (len > 0 && o->file_bytes - o->file_from + len + more > most)
            break;
        len += more;
    }
    return len;
}

bool output_is_at_end(const struct output *o)
{
    return o->n_messages == 0 && gad_spool_reader_at(o->reader) >= o->o.end(o->o.arg);
}

void output_forget_unwritten(struct output *o)
{
    (void)resend_window_released(&o->window, gad_time_monotonic());
    resend_window_restart(&o->window);
    gad_spool_reader_seek(o->reader, o->window.released);
    if (o->prev >= o->window.released)
        o->prev = 0;
    gad_buf_consume(&o->buf, gad_buf_left(&o->buf));
    o->n_messages = o->head = o->written = 0;
}
