/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints random events, their values, and the output of each format, for a test that parses it.
 * Usage: event_dump SEED N LENGTH
 *
 * Lines of "KEY VALUE" with all texts and lines in hex, since they can hold any byte. First the
 * values of the event, then "line FORMAT HEX" for each format ("line FORMAT -" if it cannot be
 * shortened to LENGTH), then an empty line. The event has been written to the spool and read back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/event/format.h"
#include "tests/support/random_event.h"

enum { BUFFER = 256 << 10, ENTERPRISE = 32473, FACILITY = 16, PID = 4242 };

static void hex(const char *key, const void *p, size_t len)
{
    (void)printf("%s ", key);
    for (size_t i = 0; i < len; i++)
        (void)printf("%02x", ((const uint8_t *)p)[i]);
    (void)printf("\n");
}

static void text(const char *key, const char *s)
{
    hex(key, s, strlen(s));
}

static void dump_hosts(const char *key, const struct gad_host_count *h, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)printf("%s %" PRIu64 " ", key, h[i].count);
        hex("", h[i].address, h[i].family == 4 ? 4 : 16);
    }
}

static void dump_distinct(const char *key, const struct gad_distinct *d)
{
    (void)printf("%s %" PRIu64 "\n%s_estimate %d\n", key, d->n, key, d->is_estimate);
}

static void dump_incident(const struct gad_event *e)
{
    const struct gad_incident *i = &e->alert.incident;
    char id[GAD_EVENT_ID_TEXT];

    gad_incident_id(e, id);
    text("incident", id);
    (void)printf("hint %s\ntechnique %s\nstate %s\nline_of %s\nnature %s\n", gad_hint_name(i->hint),
                 gad_alert_technique(&e->alert), gad_incident_state_name(i->state),
                 gad_line_name(i->line), gad_nature_name(i->nature));
    (void)printf("incident_first %" PRId64 "\nincident_last %" PRId64 "\n", i->first.ns,
                 i->last.ns);
    (void)printf("records %" PRIu64 "\nbystanders %" PRIu64 "\nlogins %" PRIu64
                 "\nsucceeded %d\nbytes_toserver %" PRIu64 "\nbytes_toclient %" PRIu64 "\n",
                 i->records, i->bystanders, i->logins, i->succeeded, i->src_bytes, i->dst_bytes);
    dump_distinct("sources", &i->sources);
    dump_distinct("targets", &i->targets);
    dump_distinct("ports", &i->ports);
    dump_distinct("answered", &i->answered);
    dump_hosts("top_source", i->source, i->n_source);
    dump_hosts("top_target", i->target, i->n_target);
    for (size_t k = 0; k < i->n_unusual; k++)
        (void)printf("unusual %s %.17g %.17g %.17g\n", gad_sign_name(i->unusual[k].sign),
                     i->unusual[k].value, i->unusual[k].usual, i->unusual[k].p_value);
    (void)printf("forgeable %d\n", i->may_be_forged);
    for (size_t k = 0; k < i->n_port; k++)
        (void)printf("top_port %" PRIu64 " %u\n", i->port[k].count, i->port[k].port);
}

static void dump_limit(const struct gad_limit_event *l)
{
    (void)printf("period %" PRId64 "\nhigh %" PRIu64 "\nmedium %" PRIu64 "\nlow %" PRIu64 "\n",
                 l->period.ns, l->high, l->medium, l->low);
    for (size_t i = 0; i < l->n_cause; i++)
        (void)printf("cause %" PRIu64 " %s\n", l->cause[i].count, gad_hint_name(l->cause[i].hint));
    dump_hosts("top_source", l->source, l->n_source);
}

static void dump_alert(const struct gad_alert *a)
{
    const struct gad_record *r = &a->record;

    text("source", a->source);
    text("interface", a->interface);
    text("client", a->client);
    text("file", a->file);
    text("evidence", a->evidence);
    (void)printf("packet %" PRIu64 "\nsrc_packets %u\ndst_packets %u\np_extrapolated %d\n",
                 a->packet, r->src_packets, r->dst_packets, a->p_extrapolated);
    text("model", a->model);
    text("model_sha256", a->model_sha256);
    text("community_id", r->community_id);
    (void)printf("score %.17g\nthreshold %.17g\np_value %.17g\nfpr_budget %.17g\n",
                 (double)a->score, (double)a->threshold, a->p_value, a->fpr_budget);
    (void)printf("risk %u\nseverity %u\ncount %" PRIu64 "\nfirst %" PRId64 "\nlast %" PRId64 "\n",
                 a->risk, a->severity, a->count, a->first.ns, a->last.ns);
    (void)printf(
        "family %u\nproto %u\nsrc_port %u\ndst_port %u\ntunnels %u\nnotes %u\nstart %" PRId64
        "\nend %" PRId64 "\n",
        r->tuple.family, r->tuple.proto, r->tuple.src_port, r->tuple.dst_port, r->tunnels, r->notes,
        r->start.ns, r->end.ns);
    hex("src", r->tuple.src, r->tuple.family == 4 ? 4 : 16);
    hex("dst", r->tuple.dst, r->tuple.family == 4 ? 4 : 16);
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++) {
        bool is_name = gad_columns[c].kind == GAD_KIND_NAME;
        (void)printf("feature %s %s %.17g\n", gad_columns[c].name,
                     is_name ? gad_name_text(c, (int)r->v[c]) : "-", r->v[c]);
    }
    for (size_t i = 0; i < a->n_top; i++) {
        const struct gad_reason *t = &a->top[i];
        char value[GAD_VALUE_TEXT], expected[GAD_VALUE_TEXT];
        gad_value_text(t->column, t->value, value);
        gad_value_text(t->column, t->expected, expected);
        (void)printf("top %s %s %s %.17g %.17g %.17g\n", gad_columns[t->column].name, value,
                     expected, t->share, t->value, t->expected);
    }
}

static void dump_counters(const struct gad_counter *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)printf("counter %" PRIu64 " ", c[i].value);
        text("", c[i].name);
    }
}

static void dump(const struct gad_event *e)
{
    char sentence[GAD_EVENT_SENTENCE];

    (void)printf("kind %s\nrun %016" PRIx64 "\nseq %" PRIu64 "\ntime %" PRId64 "\n",
                 gad_event_kind_name(e->kind), e->run, e->seq, e->time.ns);
    (void)printf("filtered %d\nprev_seq %" PRIu64 "\n", e->filtered, e->prev_seq);
    text("sensor", e->sensor);
    gad_event_sentence(e, sentence);
    text("sentence", sentence);
    if (e->kind == GAD_EVENT_ALERT) {
        dump_alert(&e->alert);
        dump_incident(e);
    } else if (e->kind == GAD_EVENT_LOSS) {
        (void)printf("first_seq %" PRIu64 "\nlast_seq %" PRIu64 "\nat_most %d\nunused %d\n",
                     e->loss.first, e->loss.last, e->loss.at_most, e->loss.unused);
        text("output", e->loss.output);
    } else if (e->kind == GAD_EVENT_MODEL) {
        text("action", e->model.action);
        text("model", e->model.model);
        text("model_sha256", e->model.model_sha256);
        text("previous_sha256", e->model.previous_sha256);
        text("reason", e->model.reason);
    } else if (e->kind == GAD_EVENT_BLIND) {
        text("action", e->blind.action);
        text("source", e->blind.source);
        (void)printf("period %" PRId64 "\n", e->blind.period.ns);
        dump_counters(e->blind.counter, e->blind.n);
    } else if (e->kind == GAD_EVENT_LIMIT) {
        dump_limit(&e->limit);
    } else if (e->kind == GAD_EVENT_HEARTBEAT) {
        (void)printf("uptime %" PRId64 "\ninterval %" PRId64 "\nrecords %" PRIu64
                     "\nalerts %" PRIu64 "\n",
                     e->heartbeat.uptime.ns, e->heartbeat.interval.ns, e->heartbeat.records,
                     e->heartbeat.alerts);
        text("version", e->heartbeat.version);
    } else {
        (void)printf("uptime %" PRId64 "\n", e->stats.uptime.ns);
        dump_counters(e->stats.counter, e->stats.n);
    }
}

static void write_formats(const struct gad_event *e, size_t length)
{
    const struct gad_format_options o = {.pid = PID,
                                         .enterprise = ENTERPRISE,
                                         .facility = FACILITY,
                                         .max = length,
                                         .version = "1.2.3"};
    const struct gad_format *f;

    for (size_t i = 0; (f = gad_format_at(i)) != NULL; i++) {
        struct gad_buf b = GAD_BUF_INIT(BUFFER);
        char key[64];
        (void)snprintf(key, sizeof(key), "line %s", f->name);
        if (gad_format_write(f, e, &o, &b) == 0)
            hex(key, b.p, b.len);
        else
            (void)printf("%s -\n", key);
        gad_buf_deinit(&b);
    }
    (void)printf("\n");
}

/* As the outputs read it. */
static int through_the_spool(struct gad_event *e)
{
    struct gad_buf b = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);
    struct gad_diag d = {""};
    static struct gad_event back;
    int r = 0;

    if (e->kind == GAD_EVENT_LOSS)
        return 0;
    gad_event_pack(e, &b);
    if (b.bad || gad_event_unpack(e->kind, e->seq, b.p, b.len, &back, &d) != 0) {
        (void)fprintf(stderr, "event_dump: %s\n", d.text);
        r = -1;
    }
    *e = back;
    gad_buf_deinit(&b);
    return r;
}

int main(int argc, char **argv)
{
    uint64_t number[3];

    for (int i = 0; i < 3; i++)
        if (argc != 4 ||
            gad_text_u64(argv[i + 1], strlen(argv[i + 1]), UINT32_MAX, &number[i]) != 0)
            return 2;
    struct gad_rng rng = gad_rng_init(number[0], 0);
    static struct gad_event e;

    for (uint64_t n = number[1]; n > 0; n--) {
        random_event(&rng, n % 8 != 0, &e);
        if (through_the_spool(&e) != 0)
            return 1;
        e.filtered = n % 3 == 0;
        e.prev_seq = n % 6 == 0 ? 0 : e.seq / 2;
        dump(&e);
        write_formats(&e, number[2]);
    }
    return 0;
}
