/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/record_text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/line.h"
#include "lib/record/notes.h"
#include "lib/record/record.h"

enum { SECOND = 1000000000 };

static const char *const names_of_connection[] = {
    "src_ip",  "src_port",     "dest_ip", "dest_port", "start",       "end",
    "decided", "community_id", "orient",  "notes",     "src_packets", "dest_packets"};
static const char *const names_of_score[] = {"model", "score", "p_value", "anomalous"};

bool gad_record_text_is_label(const char *s)
{
    size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return len > 0 && len < GAD_LABEL_TEXT && s[len] == '\0';
}

static void put_text(struct gad_buf *b, const char *s)
{
    gad_buf_add(b, s, strlen(s));
}

/* Whether the originator is known; "": the record does not say. */
static const char *orient_of(const struct gad_record *r, const struct gad_record_about *a)
{
    return r->notes & GAD_NOTE_GUESSED ? "guessed" : a->times_known ? "known" : "";
}

/* The other notes. */
static void notes_of(const struct gad_record *r, char text[static GAD_NOTES_TEXT])
{
    gad_notes_text(r->notes & ~(unsigned)GAD_NOTE_GUESSED, text);
}

static bool has_packets(const struct gad_record *r)
{
    return r->src_packets > 0 || r->dst_packets > 0;
}

static void put_address(struct gad_buf *b, uint8_t family, const uint8_t *address)
{
    char text[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(family == 6 ? AF_INET6 : AF_INET, address, text, sizeof(text));
    put_text(b, text);
}

/* --- csv --- */

static void put_name(struct gad_buf *b, const char *s)
{
    for (; s && *s; s++) {
        bool fits = *s > 0x20 && *s < 0x7f && *s != ',' && *s != '"';
        gad_buf_add(b, fits ? s : "_", 1);
    }
}

/* Seconds since the epoch, also negative ones. */
static void put_seconds(struct gad_buf *b, struct gad_time t, bool known)
{
    uint64_t ns = t.ns < 0 ? 0 - (uint64_t)t.ns : (uint64_t)t.ns;

    if (known || t.ns != 0)
        gad_buf_printf(b, "%s%" PRIu64 ".%09" PRIu64, t.ns < 0 ? "-" : "", ns / SECOND,
                       ns % SECOND);
}

static void put_csv_connection(struct gad_buf *b, const struct gad_record_about *a,
                               const struct gad_record *r)
{
    const struct gad_time times[] = {r->start, r->end, a->decided};
    char notes[GAD_NOTES_TEXT];

    notes_of(r, notes);
    if (r->tuple.family != 0) {
        put_text(b, ",");
        put_address(b, r->tuple.family, r->tuple.src);
        gad_buf_printf(b, ",%u,", (unsigned)r->tuple.src_port);
        put_address(b, r->tuple.family, r->tuple.dst);
        gad_buf_printf(b, ",%u,", (unsigned)r->tuple.dst_port);
    } else {
        put_text(b, ",,,,,");
    }
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        put_seconds(b, times[i], a->times_known);
        put_text(b, ",");
    }
    gad_buf_printf(b, "%s,%s,%s,", r->community_id, orient_of(r, a), notes);
    if (has_packets(r))
        gad_buf_printf(b, "%" PRIu32 ",%" PRIu32, r->src_packets, r->dst_packets);
    else
        put_text(b, ",");
}

/* Nine digits restore every bit of a float32. */
static void put_csv_score(struct gad_buf *b, const struct gad_record_about *a)
{
    put_text(b, ",");
    put_name(b, a->model);
    if (a->is_scored)
        gad_buf_printf(b, ",%.9g,%.9g,%d", (double)a->score, (double)a->p_value, a->is_anomalous);
    else
        put_text(b, ",,,");
}

static void put_csv(struct gad_buf *b, const struct gad_record_form *form,
                    const struct gad_record *r, const struct gad_record_about *a)
{
    char line[GAD_DATASET_LINE_MAX];
    size_t len = gad_row_write(r, form->label, line);

    gad_buf_add(b, line, len - 1); /* without its LF */
    if (form->with_connection)
        put_csv_connection(b, a, r);
    if (form->with_source) {
        put_text(b, ",");
        put_name(b, a->source);
    }
    if (form->with_score)
        put_csv_score(b, a);
    put_text(b, "\n");
}

static void put_names(struct gad_buf *b, const char *const *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        gad_buf_printf(b, ",%s", name[i]);
}

void gad_record_text_head(struct gad_buf *b, const struct gad_record_form *form)
{
    for (int c = 0; c < GAD_N_COLUMNS; c++)
        gad_buf_printf(b, "%s%s", c > 0 ? "," : "", gad_columns[c].name);
    if (form->label)
        put_text(b, ",label");
    if (form->with_connection)
        put_names(b, names_of_connection,
                  sizeof(names_of_connection) / sizeof(names_of_connection[0]));
    if (form->with_source)
        put_text(b, ",source");
    if (form->with_score)
        put_names(b, names_of_score, sizeof(names_of_score) / sizeof(names_of_score[0]));
    put_text(b, "\n");
}

/* --- ndjson --- */

static void put_key_string(struct gad_buf *b, const char *key, const char *s)
{
    gad_buf_printf(b, ",\"%s\":", key);
    gad_json_string(b, s, strlen(s));
}

/* Writes a key and its value at p; returns the byte after them. Names are from the library's
 * lists, so nothing has to be escaped. Illegal values ("?" in CSV) are null. */
static char *write_feature(char *p, int c, double v)
{
    static const char null[] = {'n', 'u', 'l', 'l'};
    const struct gad_column_info *col = &gad_columns[c];
    size_t len = strlen(col->name);

    *p++ = '"';
    memcpy(p, col->name, len);
    p += len;
    *p++ = '"';
    *p++ = ':';
    if (col->kind == GAD_KIND_NAME)
        *p++ = '"';
    char *value = p;
    p += gad_feature_write((enum gad_column)c, v, p);
    if (col->kind == GAD_KIND_NAME) {
        *p++ = '"';
    } else if (*value == '?') {
        memcpy(value, null, sizeof(null));
        p = value + sizeof(null);
    }
    return p;
}

static void put_time(struct gad_buf *b, const char *key, struct gad_time t, bool known)
{
    char text[GAD_TIME_TEXT];

    if (!known && t.ns == 0)
        return;
    gad_time_text(t, text);
    gad_buf_printf(b, ",\"%s\":\"%s\"", key, text);
}

static void put_json_connection(struct gad_buf *b, const struct gad_record_about *a,
                                const struct gad_record *r)
{
    const char *orient = orient_of(r, a);
    char notes[GAD_NOTES_TEXT];

    notes_of(r, notes);
    if (r->tuple.family != 0) {
        put_text(b, ",\"src_ip\":\"");
        put_address(b, r->tuple.family, r->tuple.src);
        gad_buf_printf(b, "\",\"src_port\":%u,\"dest_ip\":\"", (unsigned)r->tuple.src_port);
        put_address(b, r->tuple.family, r->tuple.dst);
        gad_buf_printf(b, "\",\"dest_port\":%u", (unsigned)r->tuple.dst_port);
    }
    put_time(b, "start", r->start, a->times_known);
    put_time(b, "end", r->end, a->times_known);
    put_time(b, "decided", a->decided, a->times_known);
    if (r->community_id[0])
        put_key_string(b, "community_id", r->community_id);
    if (*orient)
        put_key_string(b, "orient", orient);
    if (*notes)
        put_key_string(b, "notes", notes);
    if (has_packets(r))
        gad_buf_printf(b, ",\"src_packets\":%" PRIu32 ",\"dest_packets\":%" PRIu32, r->src_packets,
                       r->dst_packets);
    if (r->tunnels > 0)
        gad_buf_printf(b, ",\"tunnels\":%u", (unsigned)r->tunnels);
}

static void put_real(struct gad_buf *b, const char *key, float v)
{
    if (isfinite(v))
        gad_buf_printf(b, ",\"%s\":%.9g", key, (double)v);
    else
        gad_buf_printf(b, ",\"%s\":null", key);
}

static void put_json_score(struct gad_buf *b, const struct gad_record_about *a)
{
    if (a->model)
        put_key_string(b, "model", a->model);
    if (!a->is_scored) {
        put_text(b, ",\"score\":null,\"p_value\":null,\"anomalous\":null");
        return;
    }
    put_real(b, "score", a->score);
    put_real(b, "p_value", a->p_value);
    gad_buf_printf(b, ",\"anomalous\":%s", a->is_anomalous ? "true" : "false");
}

static void put_ndjson(struct gad_buf *b, const struct gad_record_form *form,
                       const struct gad_record *r, const struct gad_record_about *a)
{
    char line[GAD_N_COLUMNS * (GAD_HEAD_NAME + GAD_FEATURE_TEXT)], *p = line;

    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        *p++ = c > 0 ? ',' : '{';
        p = write_feature(p, c, r->v[c]);
    }
    gad_buf_add(b, line, (size_t)(p - line));
    if (form->label)
        put_key_string(b, "label", form->label);
    if (form->with_connection)
        put_json_connection(b, a, r);
    if (form->with_source && a->source)
        put_key_string(b, "source", a->source);
    if (form->with_score)
        put_json_score(b, a);
    put_text(b, "}\n");
}

void gad_record_text(struct gad_buf *b, const struct gad_record_form *form,
                     const struct gad_record *r, const struct gad_record_about *about)
{
    if (form->ndjson)
        put_ndjson(b, form, r, about);
    else
        put_csv(b, form, r, about);
}
