/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Common Event Format, version 0 (ArcSight). '|' and '\' are escaped in the head, '=' and '\' in
 * the extension. A space replaces a control byte, U+FFFD replaces bytes that are not UTF-8.
 *
 * Severity is the risk in tenths, 0 to 10. Signatures are ENTERPRISE:1 alert, :2 heartbeat, :3
 * stats, :4 loss, :6 model, :7 blind, :8 limit. IPv6 addresses are c6a2 and c6a3, because src and
 * dst hold IPv4 only. Keys that begin with "ganad" are ours. They have letters, digits and '_'
 * only, because some parsers end a key at '-' or '.'.
 */
#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/event/escape.h"
#include "lib/event/format.h"
#include "lib/event/pairs.h"

struct cef {
    struct gad_buf *b;
    bool is_v6, is_first;
};

/* Returns the key. *ret_label: the label that CEF requires with it, or NULL. */
static const char *key_of(enum gad_pair p, bool is_v6, const char **ret_label)
{
    static const struct {
        const char *key, *label;
    } rows[] = {
        [GAD_PAIR_ID] = {"externalId", NULL},
        [GAD_PAIR_SEQ] = {"ganadSeq", NULL},
        [GAD_PAIR_PREV_SEQ] = {"ganadPrevSeq", NULL},
        [GAD_PAIR_SENSOR] = {"dvchost", NULL},
        [GAD_PAIR_SCORE] = {"cfp1", "anomalyScore"},
        [GAD_PAIR_THRESHOLD] = {"cfp2", "threshold"},
        [GAD_PAIR_P_VALUE] = {"cfp3", "pValue"},
        [GAD_PAIR_FPR_BUDGET] = {"cfp4", "fprBudget"},
        [GAD_PAIR_RISK] = {"cn1", "risk"},
        [GAD_PAIR_MODEL] = {"cs2", "model"},
        [GAD_PAIR_MODEL_SHA256] = {"cs4", "modelSha256"},
        [GAD_PAIR_COMMUNITY_ID] = {"cs1", "communityId"},
        [GAD_PAIR_SRC] = {"src", NULL},
        [GAD_PAIR_SRC_PORT] = {"spt", NULL},
        [GAD_PAIR_DST] = {"dst", NULL},
        [GAD_PAIR_DST_PORT] = {"dpt", NULL},
        [GAD_PAIR_PROTO] = {"proto", NULL},
        [GAD_PAIR_SERVICE] = {"app", NULL},
        [GAD_PAIR_FLAG] = {"cs5", "connState"},
        [GAD_PAIR_SRC_BYTES] = {"in", NULL},
        [GAD_PAIR_DST_BYTES] = {"out", NULL},
        [GAD_PAIR_START] = {"ganadStart", NULL},
        [GAD_PAIR_END] = {"ganadEnd", NULL},
        [GAD_PAIR_COUNT] = {"cnt", NULL},
        [GAD_PAIR_FIRST] = {"start", NULL},
        [GAD_PAIR_LAST] = {"end", NULL},
        [GAD_PAIR_SOURCE] = {"cs6", "capture"},
        [GAD_PAIR_INTERFACE] = {"deviceInboundInterface", NULL},
        [GAD_PAIR_TUNNELS] = {"cn2", "tunnels"},
        [GAD_PAIR_NOTES] = {"ganadNotes", NULL},
        [GAD_PAIR_TOP] = {"cs3", "topFeatures"},
        [GAD_PAIR_OUTPUT] = {"cs1", "output"},
        [GAD_PAIR_VERSION] = {"cs1", "version"},
        [GAD_PAIR_ACTION] = {"act", NULL},
        [GAD_PAIR_PREVIOUS_SHA256] = {"cs3", "previousSha256"},
        [GAD_PAIR_REASON] = {"reason", NULL},
        [GAD_PAIR_INCIDENT] = {"ganadIncident", NULL},
        [GAD_PAIR_INCIDENT_STATE] = {"ganadIncidentState", NULL},
        [GAD_PAIR_LINE] = {"ganadIncidentLine", NULL},
        [GAD_PAIR_NATURE] = {"ganadIncidentNature", NULL},
        [GAD_PAIR_HINT] = {"ganadHint", NULL},
        [GAD_PAIR_TECHNIQUE] = {"ganadTechnique", NULL},
        [GAD_PAIR_INCIDENT_FIRST] = {"ganadIncidentFirst", NULL},
        [GAD_PAIR_INCIDENT_LAST] = {"ganadIncidentLast", NULL},
        [GAD_PAIR_RECORDS] = {"ganadIncidentRecords", NULL},
        [GAD_PAIR_BYSTANDERS] = {"ganadBystanders", NULL},
        [GAD_PAIR_LOGINS] = {"ganadLogins", NULL},
        [GAD_PAIR_SUCCEEDED] = {"ganadSucceeded", NULL},
        [GAD_PAIR_INCIDENT_SRC_BYTES] = {"ganadIncidentSrcBytes", NULL},
        [GAD_PAIR_INCIDENT_DST_BYTES] = {"ganadIncidentDstBytes", NULL},
        [GAD_PAIR_SOURCES] = {"ganadSources", NULL},
        [GAD_PAIR_TARGETS] = {"ganadTargets", NULL},
        [GAD_PAIR_PORTS] = {"ganadPorts", NULL},
        [GAD_PAIR_ANSWERED] = {"ganadAnswered", NULL},
        [GAD_PAIR_ESTIMATED] = {"ganadEstimated", NULL},
        [GAD_PAIR_TOP_SOURCES] = {"ganadTopSources", NULL},
        [GAD_PAIR_TOP_TARGETS] = {"ganadTopTargets", NULL},
        [GAD_PAIR_TOP_PORTS] = {"ganadTopPorts", NULL},
        [GAD_PAIR_UNUSUAL] = {"ganadUnusual", NULL},
        [GAD_PAIR_P_EXTRAPOLATED] = {"ganadPExtrapolated", NULL},
        [GAD_PAIR_SRC_PACKETS] = {"ganadSrcPackets", NULL},
        [GAD_PAIR_DST_PACKETS] = {"ganadDstPackets", NULL},
        [GAD_PAIR_CLIENT] = {"ganadClient", NULL},
        [GAD_PAIR_PCAP_FILENAME] = {"ganadPcapFilename", NULL},
        [GAD_PAIR_PCAP_CNT] = {"ganadPcapCnt", NULL},
        [GAD_PAIR_EVIDENCE] = {"ganadEvidence", NULL},
        [GAD_PAIR_CAUSES] = {"ganadCauses", NULL},
    };

    *ret_label = rows[p].label;
    if (is_v6 && p == GAD_PAIR_SRC)
        *ret_label = "Source IPv6 Address";
    if (is_v6 && p == GAD_PAIR_DST)
        *ret_label = "Destination IPv6 Address";
    return is_v6 && p == GAD_PAIR_SRC ? "c6a2" : is_v6 && p == GAD_PAIR_DST ? "c6a3" : rows[p].key;
}

static void add_pair(struct gad_buf *b, const char *key, const char *value)
{
    gad_buf_printf(b, " %s=", key);
    gad_escape(b, value, "=\\", '\\');
}

static void each(void *arg, enum gad_pair p, const char *key, const char *value)
{
    struct cef *c = arg;
    const char *label;

    if (p == GAD_PAIR_NUMBER) {
        gad_buf_add(c->b, " ganad_", 7);
        gad_escape_key(c->b, key, "", GAD_EVENT_COUNTER_NAME);
        gad_buf_printf(c->b, "=%s", value);
        return;
    }
    const char *name = key_of(p, c->is_v6, &label);
    add_pair(c->b, name, value);
    if (label)
        gad_buf_printf(c->b, " %sLabel=%s", name, label);
}

static void add_name(struct gad_buf *b, const struct gad_event *e)
{
    static const char *const names[GAD_N_EVENTS] = {[GAD_EVENT_ALERT] = "Anomalous connection",
                                                    [GAD_EVENT_HEARTBEAT] = "Heartbeat",
                                                    [GAD_EVENT_STATS] = "Counters",
                                                    [GAD_EVENT_LOSS] = "Events were lost",
                                                    [GAD_EVENT_MODEL] = "Model",
                                                    [GAD_EVENT_BLIND] = "Blind",
                                                    [GAD_EVENT_LIMIT] = "Alerts were limited"};
    const char *looks = e->kind == GAD_EVENT_ALERT ? gad_hint_phrase(e->alert.incident.hint) : "";

    if (*looks)
        gad_buf_printf(b, "Looks like %s", looks);
    else
        gad_buf_printf(b, "%s",
                       e->kind == GAD_EVENT_LOSS && e->loss.unused ? "Numbers were skipped"
                                                                   : names[e->kind]);
}

static void write_cef(const struct gad_event *e, const struct gad_format_options *o,
                      enum gad_detail detail, struct gad_buf *b)
{
    bool is_alert = e->kind == GAD_EVENT_ALERT;
    struct cef c = {.b = b, .is_v6 = is_alert && e->alert.record.tuple.family == 6};
    char sentence[GAD_EVENT_SENTENCE];

    gad_buf_printf(b, "CEF:0|ganad|ganadd|");
    gad_escape(b, o->version, "|\\", '\\');
    gad_buf_printf(b, "|%" PRIu32 ":%d|", o->enterprise, (int)e->kind);
    add_name(b, e);
    gad_buf_printf(b, "|%u|rt=%" PRIu64,
                   is_alert             ? (e->alert.risk + 5) / 10
                   : gad_event_warns(e) ? 5
                                        : 0,
                   e->time.ns > 0 ? (uint64_t)(e->time.ns / 1000000) : 0);
    gad_event_pairs(e, detail, each, &c);
    gad_event_sentence(e, sentence);
    add_pair(b, "msg", sentence);
}

const struct gad_format gad_format_cef = {
    .name = "cef", .summary = "Common Event Format of ArcSight", .write = write_cef};
