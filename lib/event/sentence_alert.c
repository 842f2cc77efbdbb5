/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentence of an alert is made of
 *
 *     who did what to whom   by the nature of its records and by what they share
 *     the top reason         if it is about a single record, or the traffic itself is unusual
 *     what may mislead       forged sources, decoys, a guessed direction
 *     what it looks like     the hint, always as a hint
 *     whether it goes on
 *
 * in this order. All words are ours, so that nothing in it needs escaping. Numbers are of the whole
 * incident; without one, of the record.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/event/json_parts.h"
#include "lib/event/sentence.h"
#include "lib/record/notes.h"
#include "lib/record/reason.h"

enum { FORGED_FROM = 8 }; /* sources of a flood */

/* What the sentence is about. */
struct about {
    const struct gad_alert *a;
    const struct gad_record *r;
    struct gad_incident i;        /* of a lone record: as one of one record */
    const struct gad_reason *why; /* the top reason; NULL: none */
    char who[GAD_SHOWN_TEXT];     /* "203.0.113.7", "134 sources" */
    char host[GAD_SHOWN_TEXT];    /* "10.0.0.5", "134 hosts" */
    char place[160];              /* "10.0.0.5 port 80", "134 hosts on port 445" */
    char times[GAD_SHOWN_TEXT];   /* " 70 times", " once", or "" */
    char span[GAD_SHOWN_TEXT];    /* " in 24 s", or "" */
    bool said_span;
};

static bool is(const struct about *t, enum gad_column c)
{
    return t->r->v[c] > 0;
}

static const char *service_of(const struct about *t)
{
    return gad_name_text(GAD_SERVICE, (int)t->r->v[GAD_SERVICE]);
}

static bool has_ports(const struct gad_tuple *t)
{
    return t->proto == GAD_IP_TCP || t->proto == GAD_IP_UDP || t->src_port != 0 || t->dst_port != 0;
}

static void set_place(struct about *t)
{
    const struct gad_incident *i = &t->i;
    char ports[GAD_SHOWN_TEXT];

    if (!has_ports(&t->r->tuple) || i->ports.n == 0)
        (void)snprintf(t->place, sizeof(t->place), "%s", t->host);
    else if (i->ports.n == 1)
        (void)snprintf(t->place, sizeof(t->place), "%s %sport %u", t->host,
                       i->targets.n > 1 ? "on " : "", t->r->tuple.dst_port);
    else if (i->targets.n > 1)
        (void)snprintf(t->place, sizeof(t->place), "%s on %s", t->host,
                       gad_shown_distinct(&i->ports, "port", ports));
    else
        (void)snprintf(t->place, sizeof(t->place), "%s of %s",
                       gad_shown_distinct(&i->ports, "port", ports), t->host);
}

static void set_who(struct about *t)
{
    const struct gad_tuple *u = &t->r->tuple;
    char n[GAD_SHOWN_TEXT];

    if (t->i.sources.n > 1)
        gad_shown_distinct(&t->i.sources, "source", t->who);
    else
        gad_shown_address(u->family, u->src, t->who);
    if (t->i.targets.n > 1)
        gad_shown_distinct(&t->i.targets, "host", t->host);
    else
        gad_shown_address(u->family, u->dst, t->host);
    if (t->i.records > 1)
        (void)snprintf(t->times, sizeof(t->times), " %.28s times",
                       gad_shown_count(t->i.records, n));
    if (t->i.records > 1 && t->i.last.ns > t->i.first.ns)
        (void)snprintf(t->span, sizeof(t->span), " in %.40s",
                       gad_shown_span((struct gad_time){t->i.last.ns - t->i.first.ns}, n));
    set_place(t);
}

static struct about about(const struct gad_alert *a)
{
    struct about t = {.a = a, .r = &a->record, .i = a->incident};
    const struct gad_reason *list[GAD_N_COLUMNS];

    if (t.i.number == 0) {
        const struct gad_distinct one = {.n = 1};
        t.i.records = a->count > 0 ? a->count : 1;
        t.i.first = a->first;
        t.i.last = a->last;
        t.i.sources = t.i.targets = t.i.ports = one;
    }
    if (t.i.nature == GAD_NATURE_NONE)
        t.i.nature = gad_nature_of(&a->record);
    if (gad_alert_reasons(a, 1, list) == 1)
        t.why = list[0];
    set_who(&t);
    return t;
}

static void add_reason(const struct about *t, struct gad_words *w)
{
    char words[GAD_REASON_TEXT];

    if (!t->why)
        return;
    gad_reason_text(t->why, words);
    gad_words_add(w, ": %s", words);
}

/* --- probes and ICMP --- */

static void add_answered(const struct about *t, struct gad_words *w)
{
    const struct gad_distinct *n = &t->i.answered;
    char text[GAD_SHOWN_TEXT];

    if (t->i.number == 0)
        add_reason(t, w);
    else if (t->i.targets.n > 1 && n->n > 0)
        gad_words_add(w, "; %s answered", gad_shown_count(n->n, text));
    else if (n->n == 0)
        gad_words_add(w, "; %s answered", t->i.targets.n > 1 ? "none" : "nothing");
}

static void one_probe(const struct about *t, struct gad_words *w)
{
    int flag = (int)t->r->v[GAD_FLAG];
    bool is_tcp = (int)t->r->v[GAD_PROTOCOL_TYPE] == GAD_PROTOCOL_TCP;

    gad_words_add(w, "%s %s %s", t->who, is_tcp ? "tried" : "sent to", t->place);
    if (!is_tcp || flag == GAD_FLAG_S0)
        gad_words_add(w, " without an answer");
    else if (flag == GAD_FLAG_REJ)
        gad_words_add(w, " and was refused");
    else
        gad_words_add(w, " (%s)", gad_name_text(GAD_FLAG, flag));
    add_reason(t, w);
}

static void say_probe(struct about *t, struct gad_words *w)
{
    char n[GAD_SHOWN_TEXT];

    if (t->i.records <= 1) {
        one_probe(t, w);
    } else if (t->i.hint == GAD_HINT_FLOOD) {
        gad_words_add(w, "%s sent %s probes to %s%s", t->who, gad_shown_count(t->i.records, n),
                      t->place, t->span);
        t->said_span = true;
    } else {
        bool is_spread = t->i.targets.n > 1 || t->i.ports.n > 1;
        gad_words_add(w, "%s tried %s%s", t->who, t->place, is_spread ? "" : t->times);
        add_answered(t, w);
    }
}

static const char *icmp_name(const struct about *t, bool is_many)
{
    static const struct {
        const char *service, *one, *many;
    } rows[] = {{"eco_i", "an ICMP echo request", "ICMP echo requests"},
                {"ecr_i", "an ICMP echo reply", "ICMP echo replies"},
                {"red_i", "an ICMP redirect", "ICMP redirects"},
                {"urp_i", "an ICMP unreachable message", "ICMP unreachable messages"},
                {"tim_i", "an ICMP time-out message", "ICMP time-out messages"}};

    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
        if (strcmp(rows[k].service, service_of(t)) == 0)
            return is_many ? rows[k].many : rows[k].one;
    return is_many ? "ICMP messages" : "an ICMP message";
}

/* The source of a reply that was asked for is the host that asked, so it did not send it. */
static void say_icmp(struct about *t, struct gad_words *w)
{
    bool is_reply = strcmp(service_of(t), "ecr_i") == 0;
    const char *did = is_reply ? "exchanged" : "sent", *whom = is_reply ? "with" : "to";
    char n[GAD_SHOWN_TEXT];

    if (t->i.records <= 1) {
        gad_words_add(w, "%s %s %s %s %s", t->who, did, icmp_name(t, false), whom, t->host);
        add_reason(t, w);
        return;
    }
    gad_words_add(w, "%s %s %s %s %s %s%s", t->who, did, gad_shown_count(t->i.records, n),
                  icmp_name(t, true), whom, t->host, t->span);
    t->said_span = true;
}

/* --- logins and content --- */

/* Failed logins of a single record are in it; of an incident each record has at least one. */
static uint64_t failed_logins(const struct about *t)
{
    if (t->i.records <= 1)
        return (uint64_t)t->r->v[GAD_NUM_FAILED_LOGINS];
    return t->i.records > t->i.logins ? t->i.records - t->i.logins : t->i.records;
}

static void say_login(struct about *t, struct gad_words *w)
{
    uint64_t n = failed_logins(t);
    bool is_guest =
        !is(t, GAD_NUM_FAILED_LOGINS) && (t->i.records <= 1 || t->i.logins == t->i.records);
    bool then = t->i.succeeded || (t->i.records <= 1 && is(t, GAD_LOGGED_IN));
    char text[GAD_SHOWN_TEXT];

    if (is_guest) {
        gad_words_add(w, "%s logged in as a guest at %s (%s)%s", t->who, t->host, service_of(t),
                      t->times);
        return;
    }
    gad_words_add(w, "%s failed to log in %s%s at %s (%s)", t->who,
                  n == 1 ? "once" : gad_shown_count(n, text), n == 1 ? "" : " times", t->host,
                  service_of(t));
    if (then)
        gad_words_add(w, ", then logged in");
}

/* What the payload showed, the worst first. */
static void add_content(const struct about *t, struct gad_words *w)
{
    static const struct {
        enum gad_column column;
        const char *one, *many; /* many: after the number */
    } rows[] = {
        {GAD_ROOT_SHELL, "a root shell", NULL},
        {GAD_SU_ATTEMPTED, "an attempt to become root", NULL},
        {GAD_NUM_COMPROMISED, "1 compromised indicator", "compromised indicators"},
        {GAD_NUM_ROOT, "1 access as root", "accesses as root"},
        {GAD_NUM_FILE_CREATIONS, "1 file creation", "file creations"},
        {GAD_NUM_SHELLS, "1 shell prompt", "shell prompts"},
        {GAD_NUM_ACCESS_FILES, "1 access to a sensitive file", "accesses to sensitive files"},
        {GAD_NUM_OUTBOUND_CMDS, "1 outbound command", "outbound commands"},
        {GAD_NUM_FAILED_LOGINS, "1 failed login", "failed logins"},
        {GAD_IS_HOST_LOGIN, "a login of an administrator", NULL},
        {GAD_HOT, "1 hot indicator", "hot indicators"},
    };
    size_t n_said = 0;
    char n[GAD_SHOWN_TEXT];

    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]) && n_said < 3; k++) {
        double v = t->r->v[rows[k].column];
        if (!(v > 0))
            continue;
        const char *before = n_said++ == 0 ? " showed" : ",";
        if (v == 1 || !rows[k].many)
            gad_words_add(w, "%s %s", before, rows[k].one);
        else
            gad_words_add(w, "%s %s %s", before, gad_shown_count((uint64_t)v, n), rows[k].many);
    }
}

/* An incident's sample is one of several records. */
static void add_one_of(const struct about *t, struct gad_words *w, const char *what)
{
    char n[GAD_SHOWN_TEXT];

    if (t->i.records <= 1)
        return;
    gad_words_add(w, "; one of %s %s", gad_shown_count(t->i.records, n), what);
    if (t->i.targets.n > 1)
        gad_words_add(w, " with %s", t->host);
    else if (t->i.sources.n > 1)
        gad_words_add(w, " from %s", t->who);
}

static void say_content(struct about *t, struct gad_words *w)
{
    const struct gad_tuple *u = &t->r->tuple;
    char src[GAD_SHOWN_TEXT], dst[GAD_SHOWN_TEXT];

    gad_words_add(w, "%s session %s -> %s", service_of(t),
                  gad_shown_address(u->family, u->src, src),
                  gad_shown_address(u->family, u->dst, dst));
    add_content(t, w);
    add_one_of(t, w, "sessions");
}

/* --- the rest --- */

static void say_malformed(struct about *t, struct gad_words *w)
{
    char n[GAD_SHOWN_TEXT];

    if (is(t, GAD_LAND))
        gad_words_add(w, "%s received a connection from its own address", t->place);
    else
        gad_words_add(w, "%s sent %s to %s", t->who,
                      is(t, GAD_URGENT) && !is(t, GAD_WRONG_FRAGMENT) ? "urgent data"
                                                                      : "wrong fragments",
                      t->place);
    if (t->i.records > 1)
        gad_words_add(w, " in %s connections", gad_shown_count(t->i.records, n));
}

/* The record's own endpoints: "10.0.0.7 sent 1.2 GB to 203.0.113.5 port 443 (expected 5 kB)". */
static void say_volume(struct about *t, struct gad_words *w)
{
    const struct gad_tuple *u = &t->r->tuple;
    char src[GAD_SHOWN_TEXT], dst[GAD_SHOWN_TEXT], much[GAD_SHOWN_TEXT], expected[GAD_SHOWN_TEXT];
    double seconds = 1e9 * t->why->value, seconds_expected = 1e9 * rint(t->why->expected);

    gad_shown_address(u->family, u->src, src);
    gad_shown_address(u->family, u->dst, dst);
    if (t->why->column == GAD_DURATION)
        gad_words_add(w, "%s was connected to %s port %u for %s (expected %s)", src, dst,
                      u->dst_port, gad_shown_span((struct gad_time){(int64_t)seconds}, much),
                      gad_shown_span((struct gad_time){(int64_t)seconds_expected}, expected));
    else
        gad_words_add(w, "%s %s %s %s %s port %u (expected %s)", src,
                      t->why->column == GAD_SRC_BYTES ? "sent" : "received",
                      gad_shown_bytes(t->why->value, much),
                      t->why->column == GAD_SRC_BYTES ? "to" : "from", dst, u->dst_port,
                      gad_shown_bytes(t->why->expected, expected));
    add_one_of(t, w, "connections");
}

static bool is_volume(const struct gad_reason *r)
{
    return r &&
           (r->column == GAD_DURATION || r->column == GAD_SRC_BYTES || r->column == GAD_DST_BYTES);
}

static void say_traffic(struct about *t, struct gad_words *w)
{
    bool is_tcp = t->r->tuple.proto == GAD_IP_TCP;

    if (is_volume(t->why)) {
        say_volume(t, w);
        return;
    }
    gad_words_add(w, "%s %s %s%s%s", t->who, is_tcp ? "connected to" : "exchanged data with",
                  t->place, t->times, t->span);
    t->said_span = true;
    if (t->why && t->why->column >= GAD_COUNT)
        gad_words_add(w, "; only its neighbours are unusual");
    else
        gad_words_add(w, " (%s, %s)", service_of(t),
                      gad_name_text(GAD_FLAG, (int)t->r->v[GAD_FLAG]));
    add_reason(t, w);
}

/* --- a host --- */

/* "failed at 14 hosts within an hour (usual 2)". Values are from a spool, and can be any. */
static void add_sign(const struct about *t, const struct gad_unusual *u, struct gad_words *w)
{
    double value = u->value < 1e15 ? u->value : 1e15, usual = u->usual < 1e15 ? u->usual : 1e15;
    bool is_bytes = u->sign == GAD_SIGN_TUNNEL || u->sign == GAD_SIGN_UPLOAD;
    char n[GAD_SHOWN_TEXT], m[GAD_SHOWN_TEXT];
    static const struct {
        const char *before, *after;
    } words[GAD_N_SIGNS] = {
        [GAD_SIGN_FAILED] = {"failed at", "hosts within an hour"},
        [GAD_SIGN_FAILED_SLOW] = {"failed at", "hosts within 12 hours"},
        [GAD_SIGN_PORTS] = {"failed at", "ports within an hour"},
        [GAD_SIGN_TARGETS] = {"contacted", "hosts within an hour"},
        [GAD_SIGN_RARITY] = {"sent records that add up to", "in surprise"},
        [GAD_SIGN_TUNNEL] = {"sent", "beyond the usual size to"},
        [GAD_SIGN_UPLOAD] = {"sent", "within hours to"},
        [GAD_SIGN_GUESSING] = {"made", "failed or short logins at"},
    };

    if (u->sign == GAD_SIGN_BEACON) {
        gad_words_add(w, "contacted %s every %s", t->place,
                      gad_shown_span((struct gad_time){(int64_t)(1e9 * fmin(value, 1e6))}, n));
        return;
    }
    bool has_place = is_bytes || u->sign == GAD_SIGN_GUESSING;
    gad_words_add(w, "%s %s %s%s%s", words[u->sign].before,
                  is_bytes ? gad_shown_bytes(value, n) : gad_shown_count((uint64_t)rint(value), n),
                  words[u->sign].after, has_place ? " " : "", has_place ? t->place : "");
    if (usual > 0)
        gad_words_add(w, " (usual up to %s)",
                      is_bytes ? gad_shown_bytes(usual, m)
                               : gad_shown_count((uint64_t)ceil(usual), m));
}

static void say_host(struct about *t, struct gad_words *w)
{
    char who[GAD_SHOWN_TEXT];

    gad_words_add(w, "%s ", gad_shown_address(t->r->tuple.family, t->r->tuple.src, who));
    if (t->i.n_unusual == 0)
        gad_words_add(w, "is unusual");
    else
        add_sign(t, &t->i.unusual[0], w);
    if (t->i.may_be_forged)
        gad_words_add(w, "; its address may be forged");
}

/* A client sent the record without its connection. */
static void say_record(struct about *t, struct gad_words *w)
{
    char n[GAD_SHOWN_TEXT];

    if (t->i.records > 1)
        gad_words_add(w, "%s records of service %s", gad_shown_count(t->i.records, n),
                      service_of(t));
    else
        gad_words_add(w, "a record of service %s", service_of(t));
    gad_words_add(w, " (%s, %s)", gad_name_text(GAD_PROTOCOL_TYPE, (int)t->r->v[GAD_PROTOCOL_TYPE]),
                  gad_name_text(GAD_FLAG, (int)t->r->v[GAD_FLAG]));
    add_content(t, w);
    add_reason(t, w);
}

/* --- what follows --- */

static void add_doubts(const struct about *t, struct gad_words *w)
{
    bool is_one_way = t->i.nature == GAD_NATURE_PROBE || t->i.nature == GAD_NATURE_ICMP;
    bool are_replies = strcmp(service_of(t), "ecr_i") == 0;

    if (is_one_way && t->i.hint == GAD_HINT_FLOOD && t->i.sources.n >= FORGED_FROM)
        gad_words_add(w, are_replies ? "; the sources may answer forged requests"
                                     : "; source addresses may be forged");
    if (is_one_way && t->i.hint == GAD_HINT_SCAN && t->i.sources.n > 1)
        gad_words_add(w, "; some sources may be decoys");
    if (t->r->notes & GAD_NOTE_GUESSED)
        gad_words_add(w, "; direction guessed");
}

static void add_hint(const struct about *t, struct gad_words *w)
{
    const char *phrase = gad_hint_phrase(t->i.hint);

    if (*phrase)
        gad_words_add(w, "; looks like %s", phrase);
}

static void add_state(const struct about *t, struct gad_words *w)
{
    const char *span = t->said_span ? "" : t->span;

    if (t->i.state == GAD_INCIDENT_UPDATE)
        gad_words_add(w, "; still going on%s%s", *span ? " after" : "", *span ? span + 3 : "");
    if (t->i.state == GAD_INCIDENT_CLOSED)
        gad_words_add(w, "; over%s%s", *span ? " after" : "", *span ? span + 3 : "");
}

static void add_bystanders(const struct about *t, struct gad_words *w)
{
    char n[GAD_SHOWN_TEXT];

    if (t->i.bystanders > 0)
        gad_words_add(w, "; %s of others %s from it",
                      gad_shown_distinct(&(struct gad_distinct){.n = t->i.bystanders}, "record", n),
                      t->i.bystanders == 1 ? "follows" : "follow");
}

void gad_alert_sentence(const struct gad_alert *a, struct gad_words *w)
{
    static void (*const say[GAD_N_NATURES])(struct about * t, struct gad_words * w) = {
        [GAD_NATURE_PROBE] = say_probe,     [GAD_NATURE_ICMP] = say_icmp,
        [GAD_NATURE_CONTENT] = say_content, [GAD_NATURE_LOGIN] = say_login,
        [GAD_NATURE_TRAFFIC] = say_traffic, [GAD_NATURE_MALFORMED] = say_malformed,
        [GAD_NATURE_HOST] = say_host};
    struct about t = about(a);

    if (a->record.tuple.family == 0)
        say_record(&t, w);
    else
        say[t.i.nature](&t, w);
    add_doubts(&t, w);
    add_hint(&t, w);
    add_state(&t, w);
    add_bystanders(&t, w);
}
