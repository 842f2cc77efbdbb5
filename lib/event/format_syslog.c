/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 5424, with all members in structured data: SD-ID ganad@ENTERPRISE, and meta with sequenceId
 * (section 7.3.1). In values '"', '\' and ']' are escaped (section 6.3.3), a space replaces a
 * control byte, U+FFFD replaces bytes that are not UTF-8.
 */
#include <inttypes.h>

#include "lib/base/buf.h"
#include "lib/event/escape.h"
#include "lib/event/format.h"
#include "lib/event/pairs.h"

enum { SD_NAME_MAX = 32 }; /* section 6.3.3 */

/* Section 6.2.1: 1 alert, 3 error, 4 warning, 5 notice, 6 informational. */
unsigned gad_event_priority(const struct gad_event *e)
{
    switch (e->kind) {
    case GAD_EVENT_ALERT:
        return e->alert.severity == GAD_SEVERITY_HIGH     ? 1
               : e->alert.severity == GAD_SEVERITY_MEDIUM ? 4
                                                          : 5;
    case GAD_EVENT_LOSS:
        return e->loss.unused ? 5 : 3;
    case GAD_EVENT_MODEL:
        return gad_model_warns(e) ? 4 : 5;
    case GAD_EVENT_BLIND:
    case GAD_EVENT_LIMIT:
        return gad_event_warns(e) ? 4 : 5;
    case GAD_EVENT_HEARTBEAT:
    case GAD_EVENT_STATS:
    case GAD_N_EVENTS:
        break;
    }
    return 6;
}

static const char *message_id(enum gad_event_kind k)
{
    static const char *const ids[GAD_N_EVENTS] = {
        [GAD_EVENT_ALERT] = "ALERT", [GAD_EVENT_HEARTBEAT] = "HEARTBEAT",
        [GAD_EVENT_STATS] = "STATS", [GAD_EVENT_LOSS] = "LOSS",
        [GAD_EVENT_MODEL] = "MODEL", [GAD_EVENT_BLIND] = "BLIND",
        [GAD_EVENT_LIMIT] = "LIMIT"};
    return k < GAD_N_EVENTS && ids[k] ? ids[k] : "-";
}

/* Appends PRINTUSASCII of at most @max bytes (section 6): '_' replaces any other byte, '-' an empty
 * text. */
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
    gad_buf_printf(b, "<%u>1 %s ", o->facility * 8 + gad_event_priority(e), time);
    add_header_field(b, e->sensor, 255);
    gad_buf_printf(b, " ganadd %" PRIu32 " %s ", o->pid, message_id(e->kind));
}

static const char *name_of(enum gad_pair p)
{
    static const char *const names[] = {
        [GAD_PAIR_ID] = "eventId",
        [GAD_PAIR_SEQ] = "seq",
        [GAD_PAIR_PREV_SEQ] = "prevSeq",
        [GAD_PAIR_SENSOR] = "sensor",
        [GAD_PAIR_SCORE] = "score",
        [GAD_PAIR_THRESHOLD] = "thr",
        [GAD_PAIR_P_VALUE] = "p",
        [GAD_PAIR_FPR_BUDGET] = "fpr",
        [GAD_PAIR_RISK] = "risk",
        [GAD_PAIR_MODEL] = "model",
        [GAD_PAIR_MODEL_SHA256] = "modelSha256",
        [GAD_PAIR_COMMUNITY_ID] = "cid",
        [GAD_PAIR_SRC] = "src",
        [GAD_PAIR_SRC_PORT] = "spt",
        [GAD_PAIR_DST] = "dst",
        [GAD_PAIR_DST_PORT] = "dpt",
        [GAD_PAIR_PROTO] = "proto",
        [GAD_PAIR_SERVICE] = "service",
        [GAD_PAIR_FLAG] = "state",
        [GAD_PAIR_SRC_BYTES] = "srcBytes",
        [GAD_PAIR_DST_BYTES] = "dstBytes",
        [GAD_PAIR_START] = "start",
        [GAD_PAIR_END] = "end",
        [GAD_PAIR_COUNT] = "cnt",
        [GAD_PAIR_FIRST] = "first",
        [GAD_PAIR_LAST] = "last",
        [GAD_PAIR_SOURCE] = "capture",
        [GAD_PAIR_INTERFACE] = "iface",
        [GAD_PAIR_TUNNELS] = "tunnels",
        [GAD_PAIR_NOTES] = "notes",
        [GAD_PAIR_TOP] = "top",
        [GAD_PAIR_OUTPUT] = "output",
        [GAD_PAIR_VERSION] = "version",
        [GAD_PAIR_ACTION] = "action",
        [GAD_PAIR_PREVIOUS_SHA256] = "previousSha256",
        [GAD_PAIR_REASON] = "reason",
        [GAD_PAIR_INCIDENT] = "incident",
        [GAD_PAIR_INCIDENT_STATE] = "incidentState",
        [GAD_PAIR_LINE] = "incidentLine",
        [GAD_PAIR_NATURE] = "incidentNature",
        [GAD_PAIR_HINT] = "hint",
        [GAD_PAIR_TECHNIQUE] = "technique",
        [GAD_PAIR_INCIDENT_FIRST] = "incidentFirst",
        [GAD_PAIR_INCIDENT_LAST] = "incidentLast",
        [GAD_PAIR_RECORDS] = "incidentRecords",
        [GAD_PAIR_BYSTANDERS] = "bystanders",
        [GAD_PAIR_LOGINS] = "logins",
        [GAD_PAIR_SUCCEEDED] = "succeeded",
        [GAD_PAIR_INCIDENT_SRC_BYTES] = "incidentSrcBytes",
        [GAD_PAIR_INCIDENT_DST_BYTES] = "incidentDstBytes",
        [GAD_PAIR_SOURCES] = "sources",
        [GAD_PAIR_TARGETS] = "targets",
        [GAD_PAIR_PORTS] = "ports",
        [GAD_PAIR_ANSWERED] = "answered",
        [GAD_PAIR_ESTIMATED] = "estimated",
        [GAD_PAIR_TOP_SOURCES] = "topSources",
        [GAD_PAIR_TOP_TARGETS] = "topTargets",
        [GAD_PAIR_TOP_PORTS] = "topPorts",
        [GAD_PAIR_UNUSUAL] = "unusual",
        [GAD_PAIR_P_EXTRAPOLATED] = "pExtrapolated",
        [GAD_PAIR_SRC_PACKETS] = "srcPackets",
        [GAD_PAIR_DST_PACKETS] = "dstPackets",
        [GAD_PAIR_CLIENT] = "client",
        [GAD_PAIR_PCAP_FILENAME] = "pcapFilename",
        [GAD_PAIR_PCAP_CNT] = "pcapCnt",
        [GAD_PAIR_EVIDENCE] = "evidence",
        [GAD_PAIR_CAUSES] = "causes",
    };
    return names[p];
}

static void each(void *arg, enum gad_pair p, const char *key, const char *value)
{
    struct gad_buf *b = arg;

    gad_buf_add(b, " ", 1);
    gad_escape_key(b, p == GAD_PAIR_NUMBER ? key : name_of(p), ".-", SD_NAME_MAX);
    gad_buf_add(b, "=\"", 2);
    gad_escape(b, value, "\"\\]", '\\');
    gad_buf_add(b, "\"", 1);
}

/* Section 6.4: a MSG in UTF-8 begins with a BOM, unless it is plain ASCII. */
static void add_message(struct gad_buf *b, const struct gad_event *e)
{
    char sentence[GAD_EVENT_SENTENCE];
    bool is_ascii = true;

    gad_event_sentence(e, sentence);
    for (const char *s = sentence; *s; s++)
        is_ascii = is_ascii && (unsigned char)*s < 0x80;
    gad_buf_add(b, " ", 1);
    if (!is_ascii)
        gad_buf_add(b, "\xef\xbb\xbf", 3);
    gad_escape(b, sentence, "", '\0');
}

static void write_syslog(const struct gad_event *e, const struct gad_format_options *o,
                         enum gad_detail detail, struct gad_buf *b)
{
    gad_syslog_head(e, o, b);
    gad_buf_printf(b, "[ganad@%" PRIu32, o->enterprise);
    gad_event_pairs(e, detail, each, b);
    /* Section 7.3.1: 1 .. 2^31 - 1, then 1 again. */
    gad_buf_printf(b, "]");
    if (e->seq > 0)
        gad_buf_printf(b, "[meta sequenceId=\"%" PRIu64 "\"]", (e->seq - 1) % 2147483647 + 1);
    add_message(b, e);
}

const struct gad_format gad_format_syslog = {
    .name = "syslog", .summary = "RFC 5424 with structured data", .write = write_syslog};
