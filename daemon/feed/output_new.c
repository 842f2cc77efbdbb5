/* SPDX-License-Identifier: Apache-2.0 */
/* An output as its configuration has it. */
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/disk.h"
#include "daemon/feed/output_parts.h"
#include "daemon/feed/tls_files.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/spool/reader.h"

/* Kinds of events that have a number. */
static const unsigned NUMBERED = 1U << GAD_EVENT_ALERT | 1U << GAD_EVENT_HEARTBEAT |
                                 1U << GAD_EVENT_STATS | 1U << GAD_EVENT_MODEL;

static unsigned severity_of(const char *name)
{
    for (unsigned s = GAD_SEVERITY_HIGH; s < GAD_SEVERITY_LOW; s++)
        if (strcmp(gad_severity_name(s), name) == 0)
            return s;
    return GAD_SEVERITY_LOW;
}

static void configure(struct output *o, const struct config_output *c)
{
    struct gad_diag d;
    bool is_syslog = strcmp(c->format, "syslog") == 0 || c->syslog;
    bool by_default = strcmp(c->type, "tls") == 0 || (strcmp(c->type, "tcp") == 0 && is_syslog);

    o->ops = transport_find(c->type);
    o->format = gad_format_find(c->format);
    int r = config_event_kinds(c->events, &o->kinds, &d);
    gad_assert(o->ops && o->format && r == 0); /* config_check() */
    o->severity = severity_of(c->severity);
    o->filters = (o->kinds & NUMBERED) != NUMBERED || o->severity < GAD_SEVERITY_LOW;
    o->octets = !o->ops->is_datagram && (strcmp(c->framing, "octets") == 0 ||
                                         (by_default && strcmp(c->framing, "auto") == 0));
    o->form = (struct gad_format_options){.pid = (uint32_t)getpid(),
                                          .enterprise = (uint32_t)c->enterprise,
                                          .facility = (unsigned)c->facility,
                                          .max = c->length,
                                          .version = GANAD_VERSION};
    o->rate = rate_limit_init((double)c->rate, c->rate < 100 ? 10 : (double)c->rate / 10,
                              gad_time_monotonic());
    /* What a file has it keeps, and of a datagram nobody could say that it has to come again. */
    bool replays = o->ops->is_connected;
    resend_window_init(
        &o->window, replays ? c->replay : 0,
        replays ? c->replay_time : (struct gad_time){o->ops->is_file ? INT64_MAX : 0}, o->o.next);
    o->known = o->o.next;
    o->now.config = c;
}

/* A certificate of the past stops no sensor: its receiver may refuse it, and then says so. */
static int read_tls_files(struct output *o, struct gad_diag *d)
{
    struct gad_diag why = {""};
    int r = transport_tls_context(o->o.config, &o->memory.context, d);

    if (r == 0 && tls_files_check_dates(o->memory.context, o->o.config, &why) != 0)
        log_warn("feed", "output '%s': %s", o->o.config->name, why.text);
    return r;
}

static int make(struct output *o, struct gad_diag *d)
{
    o->buf = GAD_BUF_INIT(4 * OUTPUT_BUFFER);
    o->line = GAD_BUF_INIT(OUTPUT_LINE_MAX);
    o->timer = event_new(o->o.base, -1, 0, output_timer_event, o);
    if (!o->timer || !gad_buf_room(&o->buf, 4 * OUTPUT_BUFFER) ||
        !gad_buf_room(&o->line, OUTPUT_LINE_MAX))
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = gad_spool_reader_open(o->o.directory, o->o.next, &o->reader, d);
    if (r == 0)
        gad_spool_reader_know(o->reader, o->o.gaps);
    if (r == 0 && strcmp(o->o.config->type, "tls") == 0)
        r = read_tls_files(o, d);
    if (r == 0 && o->ops->is_file)
        r = output_file_new(o);
    if (r == 0 && o->disk)
        r = output_connect(o, d);
    return r;
}

int output_new(const struct output_options *options, struct output **ret, struct gad_diag *d)
{
    gad_cleanup(output_freep) struct output *o = gad_calloc(1, sizeof(*o));

    if (!o)
        return gad_fail(d, GAD_ENOMEM, "output '%s': no memory", options->config->name);
    o->o = *options;
    (void)pthread_mutex_init(&o->lock, NULL);
    o->rng = gad_rng_init((uint64_t)gad_time_monotonic().ns, (uint64_t)getpid());
    configure(o, options->config);
    int r = make(o, d);
    if (r != 0) {
        if (d && !*d->text)
            (void)gad_fail(d, r, "%s", gad_strerror(r));
        gad_diag_prefix(d, "output '%s' (%s %s)", options->config->name, options->config->type,
                        options->config->to);
        return r;
    }
    output_publish(o);
    *ret = gad_steal(&o);
    return 0;
}

void output_free(struct output *o)
{
    if (!o)
        return;
    if (o->timer) {
        output_drop_connection(o);
        event_free(o->timer);
    }
    disk_free(o->disk);
    gad_spool_reader_close(o->reader);
    transport_tls_context_free(o->memory.context);
    gad_buf_deinit(&o->buf);
    gad_buf_deinit(&o->line);
    (void)pthread_mutex_destroy(&o->lock);
    gad_free(o);
}
