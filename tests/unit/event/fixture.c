/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/event/fixture.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tests/unit/test.h"

static const struct gad_time now = {INT64_C(1795442709123456789)}; /* 2026-11-23T14:05:09 */

struct gad_event fixture_alert(void)
{
    struct gad_event e = {.kind = GAD_EVENT_ALERT,
                          .sensor = "sensor-07",
                          .run = 0x0123456789abcdefu,
                          .seq = 88123,
                          .time = now};
    struct gad_alert *a = &e.alert;

    *a = (struct gad_alert){
        .source = "dmz",
        .interface = "eth1",
        .model = "kdd99-egbad",
        .model_sha256 = "02138183797b26e656b20abf869a37993362d0eca181568ff60111d872ac95a4",
        .score = 12.41f,
        .threshold = 7.92f,
        .p_value = 0.0004,
        .fpr_budget = 0.001,
        .risk = 68,
        .severity = GAD_SEVERITY_LOW,
        .n_top = 2,
        .count = 511,
        .first = {now.ns - 1000000000},
        .last = now,
        .record = {.tuple = {4, GAD_IP_TCP, 51873, 80, {192, 0, 2, 44}, {198, 51, 100, 7}},
                   .tunnels = 1,
                   .start = {now.ns - 2000000000},
                   .end = {now.ns - 1000000000},
                   .community_id = "1:wCb3OG7yAFWelaUydu0D+125CLM="}};
    double *v = a->record.v;
    v[GAD_PROTOCOL_TYPE] = gad_name_number(GAD_PROTOCOL_TYPE, "tcp", 3);
    v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, "http", 4);
    v[GAD_FLAG] = gad_name_number(GAD_FLAG, "S0", 2);
    v[GAD_SRC_BYTES] = 40;
    v[GAD_COUNT] = 511;
    v[GAD_SERROR_RATE] = (double)0.98f;
    a->top[0] = (struct gad_reason){GAD_SERROR_RATE, v[GAD_SERROR_RATE], 0.02, 0.41};
    a->top[1] =
        (struct gad_reason){GAD_FLAG, v[GAD_FLAG], gad_name_number(GAD_FLAG, "SF", 2), 0.22};
    return e;
}

static struct gad_event begun(enum gad_event_kind kind, uint64_t seq)
{
    return (struct gad_event){
        .kind = kind, .sensor = "sensor-07", .run = 0xabc, .seq = seq, .time = now};
}

struct gad_event fixture_heartbeat(void)
{
    struct gad_event e = begun(GAD_EVENT_HEARTBEAT, 7);
    e.heartbeat = (struct gad_heartbeat){
        "1.2.3", {INT64_C(3600500000000)}, {INT64_C(60000000000)}, 1234567, 89};
    return e;
}

struct gad_event fixture_stats(void)
{
    struct gad_event e = begun(GAD_EVENT_STATS, 8);
    e.stats = (struct gad_stats_event){
        {INT64_C(30000000000)}, 2, {{"records_in", 4711}, {"alerts", INT64_MAX}}};
    return e;
}

#define FILL(field, text) (void)snprintf((field), sizeof(field), "%s", (text))

struct gad_event fixture_model(bool is_refused)
{
    struct gad_event e = begun(GAD_EVENT_MODEL, 9);
    e.model = (struct gad_model_event){.action = "loaded", .model = "m"};
    memset(e.model.previous_sha256, 'b', GAD_EVENT_SHA256 - 1);
    memset(e.model.model_sha256, is_refused ? 'b' : 'a', GAD_EVENT_SHA256 - 1);
    if (is_refused) {
        FILL(e.model.action, "refused");
        FILL(e.model.reason, "x.ckpt: its SHA-256 is another one");
    }
    return e;
}

struct gad_event fixture_loss(void)
{
    struct gad_event e = begun(GAD_EVENT_LOSS, 0);
    e.loss = (struct gad_loss){.first = 100, .last = 199, .at_most = true, .output = "siem"};
    return e;
}

void fixture_fill_texts(struct gad_event *e, const char *text)
{
    FILL(e->sensor, text);
    if (e->kind == GAD_EVENT_ALERT) {
        FILL(e->alert.source, text);
        FILL(e->alert.interface, text);
        FILL(e->alert.model, text);
        FILL(e->alert.record.community_id, text);
    } else if (e->kind == GAD_EVENT_HEARTBEAT) {
        FILL(e->heartbeat.version, text);
    } else if (e->kind == GAD_EVENT_MODEL) {
        FILL(e->model.model, text);
        FILL(e->model.reason, text);
    } else if (e->kind == GAD_EVENT_LOSS) {
        FILL(e->loss.output, text);
    } else if (e->stats.n > 0) {
        FILL(e->stats.counter[0].name, text);
    }
}

/* Paths are those of the operator's disks: printable. */
static void fill_long_paths(struct gad_alert *a)
{
    memset(a->client, 1, sizeof(a->client) - 1);
    memset(a->file, 'f', sizeof(a->file) - 1);
    memset(a->evidence, 'e', sizeof(a->evidence) - 1);
}

struct gad_event fixture_longest_alert(void)
{
    struct gad_event e = fixture_alert();
    struct gad_alert *a = &e.alert;
    char text[GAD_EVENT_NAME];

    memset(text, 1, sizeof(text) - 1); /* six bytes in JSON */
    text[sizeof(text) - 1] = '\0';
    fixture_fill_texts(&e, text);
    fill_long_paths(a);
    fixture_long_incident(&a->incident);
    memset(a->record.tuple.src, 0xff, 16);
    memset(a->record.tuple.dst, 0xff, 16);
    a->record.tuple.family = 6;
    a->record.tuple.proto = 255;
    a->record.tuple.src_port = a->record.tuple.dst_port = UINT16_MAX;
    a->record.tunnels = 255;
    e.seq = a->count = INT64_MAX;
    a->score = a->threshold = -FLT_MIN;
    a->p_value = 1.23456e-300;
    a->p_extrapolated = true;
    a->packet = INT64_MAX;
    a->record.src_packets = a->record.dst_packets = UINT32_MAX;
    a->risk = 100;
    a->n_top = GAD_N_COLUMNS;
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++) {
        bool is_name = gad_columns[c].kind == GAD_KIND_NAME;
        a->record.v[c] = is_name ? 2 : gad_columns[c].max * (1 - 1e-6);
        a->top[c] = (struct gad_reason){c, a->record.v[c], is_name ? 2 : -1.23456e-300, 0.1234};
    }
    return e;
}

static const struct gad_format_options options = {.pid = 4242,
                                                  .enterprise = FIXTURE_ENTERPRISE,
                                                  .facility = 16,
                                                  .max = FIXTURE_LINE,
                                                  .version = "1.2.3"};

const char *fixture_line(const char *format, const struct gad_event *e, enum gad_detail detail,
                         size_t *ret_len)
{
    static char text[FIXTURE_LINE + 1];
    const struct gad_format *f = gad_format_find(format);
    struct gad_buf b = GAD_BUF_INIT(FIXTURE_LINE);

    assert_non_null(f);
    f->write(e, &options, detail, &b);
    assert_false(b.bad);
    memcpy(text, b.p, b.len);
    text[b.len] = '\0';
    if (ret_len)
        *ret_len = b.len;
    for (size_t i = 0; !f->is_datagram && i < b.len; i++)
        assert_true(b.p[i] >= 0x20 && b.p[i] != 0x7f);
    gad_buf_deinit(&b);
    return text;
}

json_t *fixture_json(const char *format, const struct gad_event *e, enum gad_detail detail)
{
    size_t len;
    const char *line = fixture_line(format, e, detail, &len);
    json_error_t error;
    json_t *j = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

    if (!j)
        fail_msg("%s in %s", error.text, line);
    return j;
}

const json_t *fixture_at(const json_t *j, const char *path)
{
    char key[64];

    while (j && *path) {
        size_t n = strcspn(path, ".");
        assert_true(n < sizeof(key));
        memcpy(key, path, n);
        key[n] = '\0';
        j = json_is_array(j) ? json_array_get(j, (size_t)(key[0] - '0')) : json_object_get(j, key);
        path += n + (path[n] == '.');
    }
    return j;
}

const char *fixture_text(const json_t *j, const char *path)
{
    const char *s = json_string_value(fixture_at(j, path));
    if (!s)
        fail_msg("no text at %s", path);
    return s;
}

json_int_t fixture_int(const json_t *j, const char *path)
{
    const json_t *v = fixture_at(j, path);
    if (!json_is_integer(v))
        fail_msg("no integer at %s", path);
    return json_integer_value(v);
}

double fixture_real(const json_t *j, const char *path)
{
    const json_t *v = fixture_at(j, path);
    if (!json_is_number(v))
        fail_msg("no number at %s", path);
    return json_number_value(v);
}
