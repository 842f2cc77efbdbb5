/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 5424, with everything in structured data. SD-ID ganad@ENTERPRISE, and meta with sequenceId (section 7.3.1).
 * SD values: '"', '\' and ']' escaped (section 6.3.3), control bytes as spaces, what is not UTF-8 as U+FFFD.
 */
#include <inttypes.h>

#include "lib/base/buf.h"
#include "lib/event/event.h"
#include "lib/event/formats.h"

/* RFC 5424 section 6.2.1: 1 alert, 3 error, 4 warning, 5 notice, 6 informational. */
static unsigned priority_of(const struct gad_event *e)
{
    switch (e->kind) {
    case GAD_EVENT_ALERT:
        return e->alert.severity == GAD_SEVERITY_HIGH     ? 1
               : e->alert.severity == GAD_SEVERITY_MEDIUM ? 4
                                                          : 5;
    case GAD_EVENT_LOSS:
        return 3;
    case GAD_EVENT_HEARTBEAT:
    case GAD_EVENT_STATS:
    case GAD_N_EVENTS:
        break;
    }
    return 6;
}

static const char *message_id(enum gad_event_kind k)
{
    static const char *const ids[GAD_N_EVENTS] = {"-", "ALERT", "HEARTBEAT", "STATS", "LOSS"};
    return k < GAD_N_EVENTS ? ids[k] : "-";
}

/* PRINTUSASCII of at most max bytes, section 6; anything else becomes '_', nothing becomes '-'. */
static void add_header_field(struct gad_buf *b, const char *s, size_t max)
{
    size_t n = 0;

    for (; s[n] && n < max; n++) {
        char c = s[n] > 0x20 && s[n] < 0x7f ? s[n] : '_';
        gad_buf_add(b, &c, 1);
    }
    if (n == 0)
        gad_buf_add(b, "-", 1);
}

void gad_syslog_head(const struct gad_event *e, const struct gad_format_options *o,
                     struct gad_buf *b)
{
    char time[GAD_TIME_TEXT];

    gad_time_text(e->time, time);
    gad_buf_printf(b, "<%u>1 %s ", o->facility * 8 + priority_of(e), time);
    add_header_field(b, e->sensor, 255);
    gad_buf_printf(b, " ganadd %" PRIu32 " %s ", o->pid, message_id(e->kind));
}

static void write_syslog(const struct gad_event *e, const struct gad_format_options *o,
                         enum gad_detail detail, struct gad_buf *b)
{
    char sentence[GAD_EVENT_SENTENCE];
    (void)detail;

    gad_syslog_head(e, o, b);
    gad_event_sentence(e, sentence);
    gad_buf_printf(b, "- %s", sentence);
}

const struct gad_format gad_format_syslog = {
    .name = "syslog", .summary = "RFC 5424 with structured data", .write = write_syslog};
