/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/flow/conn.h"
#include "tools/ganadctl/feedback.h"

enum { ALERT_MAX = 64 << 10 };

int feedback_alert_read(const char *path, json_t **ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) char *text = gad_calloc(ALERT_MAX + 1, 1);
    bool is_input = strcmp(path, "-") == 0;
    json_error_t error;

    if (!text)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    FILE *f = is_input ? stdin : fopen(path, "re");
    if (!f)
        return gad_fail(d, -errno, "--from: %s: %s", path, gad_strerror(-errno));
    size_t len = fread(text, 1, ALERT_MAX + 1, f);
    bool failed = ferror(f) != 0;
    if (!is_input)
        (void)fclose(f);
    if (failed || len > ALERT_MAX)
        return gad_fail(d, GAD_ELIMIT, "--from: %s: %s", path,
                        failed ? "cannot be read" : "is longer than one alert");
    *ret = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    return *ret ? 0
                : gad_fail(d, GAD_EFORMAT, "--from: %s: line %d: not one JSON object: %s", path,
                           error.line, error.text);
}

static int refuse(struct gad_diag *d, const char *key, const char *why)
{
    return gad_fail(d, GAD_EFORMAT,
                    "--from: '%s' %s: it needs a whole alert of an output of format json", key,
                    why);
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static int take_text(const json_t *o, const char *key, size_t size, char *to, struct gad_diag *d)
{
    const char *s = text_of(o, key);

    if (!*s || strlen(s) >= size)
        return refuse(d, key, *s ? "is too long" : "is missing");
    memcpy(to, s, strlen(s) + 1);
    return 0;
}

static int take_time(const json_t *o, const char *key, struct gad_time *ret, struct gad_diag *d)
{
    const char *s = text_of(o, key);

    return gad_time_parse(s, strlen(s), ret) == 0 ? 0 : refuse(d, key, "is no time");
}

static int take_count(const json_t *o, const char *key, uint64_t *ret, struct gad_diag *d)
{
    const json_t *n = json_object_get(json_object_get(o, key), "n");

    if (!json_is_integer(n) || json_integer_value(n) < 0)
        return refuse(d, key, "has no number 'n'");
    *ret = (uint64_t)json_integer_value(n);
    return 0;
}

static int take_nature(const json_t *incident, enum gad_nature *ret, struct gad_diag *d)
{
    const char *s = text_of(incident, "nature");

    for (int i = GAD_NATURE_NONE + 1; i < GAD_N_NATURES; i++)
        if (strcmp(gad_nature_name((enum gad_nature)i), s) == 0) {
            *ret = (enum gad_nature)i;
            return 0;
        }
    return refuse(d, "nature", "is missing or unknown");
}

static int take_incident(const json_t *o, struct gad_incident *i, struct gad_diag *d)
{
    int r;

    i->number = 1; /* its id is set later, as text */
    if ((r = take_time(o, "first", &i->first, d)) != 0 ||
        (r = take_time(o, "last", &i->last, d)) != 0 || (r = take_nature(o, &i->nature, d)) != 0 ||
        (r = take_count(o, "sources", &i->sources.n, d)) != 0 ||
        (r = take_count(o, "targets", &i->targets.n, d)) != 0)
        return r;
    return take_count(o, "ports", &i->ports.n, d);
}

static uint8_t proto_of(const char *name)
{
    char text[8];

    for (unsigned p = 1; p < 256; p++)
        if (strcmp(gad_ip_proto_name((uint8_t)p, text), name) == 0)
            return (uint8_t)p;
    return 0;
}

static int take_tuple(const json_t *o, struct gad_tuple *t, struct gad_diag *d)
{
    const char *src = text_of(o, "src_ip"), *dst = text_of(o, "dest_ip");
    json_int_t port = json_integer_value(json_object_get(o, "dest_port"));
    int family = strchr(src, ':') ? AF_INET6 : AF_INET;

    if (!*src)
        return 0; /* the connection is not known */
    if (inet_pton(family, src, t->src) != 1 || inet_pton(family, dst, t->dst) != 1)
        return refuse(d, "src_ip", "or 'dest_ip' is no address");
    if (port < 0 || port > 65535)
        return refuse(d, "dest_port", "is no port");
    t->family = family == AF_INET ? 4 : 6;
    t->dst_port = (uint16_t)port;
    t->proto = proto_of(text_of(o, "proto"));
    return 0;
}

static int take_features(const json_t *o, struct gad_record *r, struct gad_diag *d)
{
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const struct gad_column_info *column = &gad_columns[c];
        const json_t *v = json_object_get(o, column->name);
        const char *s = json_string_value(v);
        if (column->kind == GAD_KIND_NAME && s)
            r->v[c] = gad_name_number((enum gad_column)c, s, strlen(s));
        else if (column->kind != GAD_KIND_NAME && json_is_number(v))
            r->v[c] = json_number_value(v);
        else
            return refuse(d, column->name, "is no feature");
    }
    return gad_record_check(r) < 0 ? 0 : refuse(d, "features", "are out of range");
}

int feedback_alert_facts(const json_t *alert, struct gad_verdict *ret, struct gad_diag *d)
{
    const json_t *incident = json_object_get(alert, "incident"),
                 *rollup = json_object_get(alert, "rollup");
    gad_cleanup(gad_freep) struct gad_event *e = gad_calloc(1, sizeof(*e));
    int r;

    if (!e)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    if (strcmp(text_of(alert, "event_type"), "alert") != 0)
        return refuse(d, "event_type", "is not 'alert'");
    struct gad_alert *a = &e->alert;
    e->kind = GAD_EVENT_ALERT;
    a->score = (float)json_number_value(json_object_get(alert, "score"));
    if (strstr(text_of(alert, "notes"), "interim"))
        a->record.notes = GAD_NOTE_INTERIM;
    if ((r = take_time(rollup, "first", &a->first, d)) != 0 ||
        (r = take_time(rollup, "last", &a->last, d)) != 0 ||
        (r = take_tuple(alert, &a->record.tuple, d)) != 0 ||
        (r = take_features(json_object_get(alert, "features"), &a->record, d)) != 0 ||
        (r = take_text(alert, "model", sizeof(a->model), a->model, d)) != 0 ||
        (incident && (r = take_incident(incident, &a->incident, d)) != 0))
        return r;
    gad_verdict_of(e, ret);
    memset(ret->event, 0, sizeof(ret->event));
    memset(ret->incident, 0, sizeof(ret->incident));
    r = take_text(alert, "event_id", sizeof(ret->event), ret->event, d);
    if (r == 0 && incident)
        r = take_text(incident, "id", sizeof(ret->incident), ret->incident, d);
    return r;
}
