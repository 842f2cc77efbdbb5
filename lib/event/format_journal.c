/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The native protocol of systemd's journal (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram of
 * fields. A field is "KEY=value\n", or, if the value has a line end, "KEY\n", its length in 64 bits
 * little-endian, the value, "\n". MESSAGE_ID names the kind of event, see event.h;
 * systemd/ganad.catalog explains each.
 *
 * Values are bytes in this protocol, so texts are not escaped. Only the names of counters are
 * converted to field names.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/event/escape.h"
#include "lib/event/format.h"
#include "lib/event/pairs.h"

static const char *message_id(enum gad_event_kind k)
{
    static const char *const ids[GAD_N_EVENTS] = {
        [GAD_EVENT_ALERT] = GAD_MESSAGE_ID_ALERT, [GAD_EVENT_HEARTBEAT] = GAD_MESSAGE_ID_HEARTBEAT,
        [GAD_EVENT_STATS] = GAD_MESSAGE_ID_STATS, [GAD_EVENT_LOSS] = GAD_MESSAGE_ID_LOSS,
        [GAD_EVENT_MODEL] = GAD_MESSAGE_ID_MODEL, [GAD_EVENT_BLIND] = GAD_MESSAGE_ID_BLIND,
        [GAD_EVENT_LIMIT] = GAD_MESSAGE_ID_LIMIT};

    return k < GAD_N_EVENTS && ids[k] ? ids[k] : "";
}

static void add_field(struct gad_buf *b, const char *key, const char *value)
{
    size_t len = strlen(value);

    gad_buf_add(b, key, strlen(key));
    if (memchr(value, '\n', len)) {
        gad_buf_add(b, "\n", 1);
        gad_buf_add_u64le(b, len);
    } else {
        gad_buf_add(b, "=", 1);
    }
    gad_buf_add(b, value, len);
    gad_buf_add(b, "\n", 1);
}

static const char *key_of(enum gad_pair p)
{
    static const char *const keys[] = {
        [GAD_PAIR_ID] = "GANAD_EVENT_ID",
        [GAD_PAIR_SEQ] = "GANAD_SEQ",
        [GAD_PAIR_PREV_SEQ] = "GANAD_PREV_SEQ",
        [GAD_PAIR_SENSOR] = "GANAD_SENSOR",
        [GAD_PAIR_SCORE] = "GANAD_SCORE",
        [GAD_PAIR_THRESHOLD] = "GANAD_THRESHOLD",
        [GAD_PAIR_P_VALUE] = "GANAD_P_VALUE",
        [GAD_PAIR_FPR_BUDGET] = "GANAD_FPR_BUDGET",
        [GAD_PAIR_RISK] = "GANAD_RISK",
        [GAD_PAIR_MODEL] = "GANAD_MODEL",
        [GAD_PAIR_MODEL_SHA256] = "GANAD_MODEL_SHA256",
        [GAD_PAIR_COMMUNITY_ID] = "GANAD_COMMUNITY_ID",
        [GAD_PAIR_SRC] = "GANAD_SRC",
        [GAD_PAIR_SRC_PORT] = "GANAD_SRC_PORT",
        [GAD_PAIR_DST] = "GANAD_DST",
        [GAD_PAIR_DST_PORT] = "GANAD_DST_PORT",
        [GAD_PAIR_PROTO] = "GANAD_PROTO",
        [GAD_PAIR_SERVICE] = "GANAD_SERVICE",
        [GAD_PAIR_FLAG] = "GANAD_CONN_STATE",
        [GAD_PAIR_SRC_BYTES] = "GANAD_SRC_BYTES",
        [GAD_PAIR_DST_BYTES] = "GANAD_DST_BYTES",
        [GAD_PAIR_START] = "GANAD_START",
        [GAD_PAIR_END] = "GANAD_END",
        [GAD_PAIR_COUNT] = "GANAD_COUNT",
        [GAD_PAIR_FIRST] = "GANAD_FIRST",
        [GAD_PAIR_LAST] = "GANAD_LAST",
        [GAD_PAIR_SOURCE] = "GANAD_CAPTURE",
        [GAD_PAIR_INTERFACE] = "GANAD_INTERFACE",
        [GAD_PAIR_TUNNELS] = "GANAD_TUNNELS",
        [GAD_PAIR_NOTES] = "GANAD_NOTES",
        [GAD_PAIR_TOP] = "GANAD_TOP_FEATURES",
        [GAD_PAIR_OUTPUT] = "GANAD_OUTPUT",
        [GAD_PAIR_VERSION] = "GANAD_VERSION",
        [GAD_PAIR_ACTION] = "GANAD_ACTION",
        [GAD_PAIR_PREVIOUS_SHA256] = "GANAD_PREVIOUS_SHA256",
        [GAD_PAIR_REASON] = "GANAD_REASON",
        [GAD_PAIR_INCIDENT] = "GANAD_INCIDENT",
        [GAD_PAIR_INCIDENT_STATE] = "GANAD_INCIDENT_STATE",
        [GAD_PAIR_LINE] = "GANAD_INCIDENT_LINE",
        [GAD_PAIR_NATURE] = "GANAD_INCIDENT_NATURE",
        [GAD_PAIR_HINT] = "GANAD_HINT",
        [GAD_PAIR_TECHNIQUE] = "GANAD_TECHNIQUE",
        [GAD_PAIR_INCIDENT_FIRST] = "GANAD_INCIDENT_FIRST",
        [GAD_PAIR_INCIDENT_LAST] = "GANAD_INCIDENT_LAST",
        [GAD_PAIR_RECORDS] = "GANAD_INCIDENT_RECORDS",
        [GAD_PAIR_BYSTANDERS] = "GANAD_BYSTANDERS",
        [GAD_PAIR_LOGINS] = "GANAD_LOGINS",
        [GAD_PAIR_SUCCEEDED] = "GANAD_SUCCEEDED",
        [GAD_PAIR_INCIDENT_SRC_BYTES] = "GANAD_INCIDENT_SRC_BYTES",
        [GAD_PAIR_INCIDENT_DST_BYTES] = "GANAD_INCIDENT_DST_BYTES",
        [GAD_PAIR_SOURCES] = "GANAD_SOURCES",
        [GAD_PAIR_TARGETS] = "GANAD_TARGETS",
        [GAD_PAIR_PORTS] = "GANAD_PORTS",
        [GAD_PAIR_ANSWERED] = "GANAD_ANSWERED",
        [GAD_PAIR_ESTIMATED] = "GANAD_ESTIMATED",
        [GAD_PAIR_TOP_SOURCES] = "GANAD_TOP_SOURCES",
        [GAD_PAIR_TOP_TARGETS] = "GANAD_TOP_TARGETS",
        [GAD_PAIR_TOP_PORTS] = "GANAD_TOP_PORTS",
        [GAD_PAIR_UNUSUAL] = "GANAD_UNUSUAL",
        [GAD_PAIR_P_EXTRAPOLATED] = "GANAD_P_EXTRAPOLATED",
        [GAD_PAIR_SRC_PACKETS] = "GANAD_SRC_PACKETS",
        [GAD_PAIR_DST_PACKETS] = "GANAD_DST_PACKETS",
        [GAD_PAIR_CLIENT] = "GANAD_CLIENT",
        [GAD_PAIR_PCAP_FILENAME] = "GANAD_PCAP_FILENAME",
        [GAD_PAIR_PCAP_CNT] = "GANAD_PCAP_CNT",
        [GAD_PAIR_EVIDENCE] = "GANAD_EVIDENCE",
        [GAD_PAIR_CAUSES] = "GANAD_CAUSES",
    };
    return keys[p];
}

static void each(void *arg, enum gad_pair p, const char *key, const char *value)
{
    struct gad_buf *b = arg;
    char name[GAD_EVENT_COUNTER_NAME + 16] = "GANAD_N_";
    size_t n = strlen(name);

    if (p != GAD_PAIR_NUMBER) {
        add_field(b, key_of(p), value);
        return;
    }
    for (; *key && n < sizeof(name) - 1; key++) /* field names have capitals, digits and '_' only */
        name[n++] = isalnum((unsigned char)*key) && (unsigned char)*key < 0x80
                        ? (char)toupper((unsigned char)*key)
                        : '_';
    name[n] = '\0';
    add_field(b, name, value);
}

static void write_journal(const struct gad_event *e, const struct gad_format_options *o,
                          enum gad_detail detail, struct gad_buf *b)
{
    char sentence[GAD_EVENT_SENTENCE];
    (void)o;

    gad_event_sentence(e, sentence);
    add_field(b, "MESSAGE", sentence);
    add_field(b, "MESSAGE_ID", message_id(e->kind));
    gad_buf_printf(b, "PRIORITY=%u\nSYSLOG_IDENTIFIER=ganadd\n", gad_event_priority(e));
    gad_event_pairs(e, detail, each, b);
}

const struct gad_format gad_format_journal = {.name = "journal",
                                              .summary = "fields of systemd's journal",
                                              .is_datagram = true,
                                              .write = write_journal};
