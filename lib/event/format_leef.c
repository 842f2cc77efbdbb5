/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log Event Extended Format 2.0 (QRadar), with '^' between the pairs. LEEF has no escape: '_'
 * replaces a '^' in a value, a space replaces a control byte, U+FFFD replaces bytes that are not
 * UTF-8. sev is the risk in tenths, 1 to 10. Event ids are those of CEF.
 *
 * devTime has milliseconds only: devTimeFormat is a pattern of Java's SimpleDateFormat, where S
 * counts milliseconds however many digits there are. The sensor has a key of ours, because ident*
 * name the subject of the event.
 */
#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/event/escape.h"
#include "lib/event/format.h"
#include "lib/event/pairs.h"

static const char *key_of(enum gad_pair p)
{
    static const char *const keys[] = {
        [GAD_PAIR_ID] = "eventId",
        [GAD_PAIR_SEQ] = "seq",
        [GAD_PAIR_PREV_SEQ] = "prevSeq",
        [GAD_PAIR_SENSOR] = "sensor",
        [GAD_PAIR_SCORE] = "score",
        [GAD_PAIR_THRESHOLD] = "threshold",
        [GAD_PAIR_P_VALUE] = "pValue",
        [GAD_PAIR_FPR_BUDGET] = "fprBudget",
        [GAD_PAIR_RISK] = "risk",
        [GAD_PAIR_MODEL] = "model",
        [GAD_PAIR_MODEL_SHA256] = "modelSha256",
        [GAD_PAIR_COMMUNITY_ID] = "communityId",
        [GAD_PAIR_SRC] = "src",
        [GAD_PAIR_SRC_PORT] = "srcPort",
        [GAD_PAIR_DST] = "dst",
        [GAD_PAIR_DST_PORT] = "dstPort",
        [GAD_PAIR_PROTO] = "proto",
        [GAD_PAIR_SERVICE] = "service",
        [GAD_PAIR_FLAG] = "connState",
        [GAD_PAIR_SRC_BYTES] = "srcBytes",
        [GAD_PAIR_DST_BYTES] = "dstBytes",
        [GAD_PAIR_START] = "start",
        [GAD_PAIR_END] = "end",
        [GAD_PAIR_COUNT] = "count",
        [GAD_PAIR_FIRST] = "first",
        [GAD_PAIR_LAST] = "last",
        [GAD_PAIR_SOURCE] = "capture",
        [GAD_PAIR_INTERFACE] = "interface",
        [GAD_PAIR_TUNNELS] = "tunnels",
        [GAD_PAIR_NOTES] = "notes",
        [GAD_PAIR_TOP] = "topFeatures",
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
    return keys[p];
}

static void each(void *arg, enum gad_pair p, const char *key, const char *value)
{
    struct gad_buf *b = arg;

    gad_buf_add(b, "^", 1);
    if (p == GAD_PAIR_NUMBER) {
        gad_buf_add(b, "n_", 2);
        gad_escape_key(b, key, ".-", GAD_EVENT_COUNTER_NAME);
    } else {
        gad_buf_printf(b, "%s", key_of(p));
    }
    gad_buf_add(b, "=", 1);
    gad_escape(b, value, "^", '\0');
}

/* "2026-11-23T14:05:09.123Z" */
static void add_time(struct gad_buf *b, struct gad_time t)
{
    char text[GAD_TIME_TEXT];

    gad_time_text(t, text);
    char *dot = strchr(text, '.');
    if (dot)
        memcpy(dot + 4, "Z", 2);
    gad_buf_printf(b, "%s", text);
}

static unsigned severity_of(const struct gad_event *e)
{
    if (gad_event_warns(e))
        return 5;
    unsigned tenths = e->kind == GAD_EVENT_ALERT ? (e->alert.risk + 5) / 10 : 0;
    return tenths > 0 ? tenths : 1;
}

static void write_leef(const struct gad_event *e, const struct gad_format_options *o,
                       enum gad_detail detail, struct gad_buf *b)
{
    char sentence[GAD_EVENT_SENTENCE];

    gad_buf_printf(b, "LEEF:2.0|ganad|ganadd|");
    gad_escape(b, o->version, "|", '\0');
    gad_buf_printf(b, "|%" PRIu32 ":%d|^|devTime=", o->enterprise, (int)e->kind);
    add_time(b, e->time);
    gad_buf_printf(b, "^devTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX^sev=%u^cat=%s", severity_of(e),
                   e->kind == GAD_EVENT_ALERT ? "Anomaly" : "Sensor");
    gad_event_pairs(e, detail, each, b);
    gad_event_sentence(e, sentence);
    gad_buf_add(b, "^msg=", 5);
    gad_escape(b, sentence, "^", '\0');
}

const struct gad_format gad_format_leef = {
    .name = "leef", .summary = "Log Event Extended Format of QRadar", .write = write_leef};
