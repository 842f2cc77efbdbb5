/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/record_text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "lib/dataset/dataset.h"
#include "lib/record/record.h"

enum { SECOND = 1000000000 };

bool record_text_is_label(const char *s)
{
    size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return len > 0 && len < GAD_LABEL_TEXT && s[len] == '\0';
}

static void put_address(struct gad_buf *b, uint8_t family, const uint8_t *address)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (family != 0)
        (void)inet_ntop(family == 6 ? AF_INET6 : AF_INET, address, text, sizeof(text));
    gad_buf_add(b, text, strlen(text));
}

/* Seconds since the epoch, which may be before it. */
static void put_seconds(struct gad_buf *b, struct gad_time t)
{
    uint64_t ns = t.ns < 0 ? 0 - (uint64_t)t.ns : (uint64_t)t.ns;
    gad_buf_printf(b, "%s%" PRIu64 ".%09" PRIu64, t.ns < 0 ? "-" : "", ns / SECOND, ns % SECOND);
}

static void put_connection(struct gad_buf *b, struct gad_time decided, const struct gad_record *r)
{
    const struct gad_time times[] = {r->start, r->end, decided};

    gad_buf_add(b, ",", 1);
    put_address(b, r->tuple.family, r->tuple.src);
    gad_buf_printf(b, ",%u,", (unsigned)r->tuple.src_port);
    put_address(b, r->tuple.family, r->tuple.dst);
    gad_buf_printf(b, ",%u,", (unsigned)r->tuple.dst_port);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        put_seconds(b, times[i]);
        gad_buf_add(b, ",", 1);
    }
    gad_buf_add(b, r->community_id, strlen(r->community_id));
    gad_buf_add(b, "\n", 1);
}

void record_text_csv(struct gad_buf *b, const struct record_text *how, struct gad_time decided,
                     const struct gad_record *r)
{
    char line[GAD_DATASET_LINE_MAX];
    size_t len = gad_row_write(r, how->label, line);

    if (!how->with_connection) {
        gad_buf_add(b, line, len);
        return;
    }
    gad_buf_add(b, line, len - 1); /* without its LF */
    put_connection(b, decided, r);
}

static void put_text(struct gad_buf *b, const char *s)
{
    gad_buf_add(b, s, strlen(s));
}

static void put_u64(struct gad_buf *b, uint64_t n)
{
    char t[20];
    size_t at = sizeof(t);

    do {
        t[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    gad_buf_add(b, t + at, sizeof(t) - at);
}

/* Two decimals, as windows have them. */
static void put_rate(struct gad_buf *b, double v)
{
    unsigned n = (unsigned)(v * 100.0 + 0.5);
    const char t[4] = {(char)('0' + n / 100), '.', (char)('0' + n / 10 % 10), (char)('0' + n % 10)};

    gad_buf_add(b, t, sizeof(t));
}

/* Names are of the library's own lists, addresses and identifiers of their alphabets: nothing has to be escaped. */
static void put_feature(struct gad_buf *b, int c, double v)
{
    const struct gad_column_info *col = &gad_columns[c];

    put_text(b, c > 0 ? ",\"" : "\"");
    put_text(b, col->name);
    put_text(b, "\":");
    if (col->kind == GAD_KIND_NAME) {
        put_text(b, "\"");
        put_text(b, gad_name_text((enum gad_column)c, (int)v));
        put_text(b, "\"");
    } else if (col->kind == GAD_KIND_RATE) {
        put_rate(b, v);
    } else {
        put_u64(b, (uint64_t)v);
    }
}

static void put_time(struct gad_buf *b, const char *key, struct gad_time t)
{
    char text[GAD_TIME_TEXT];

    gad_time_text(t, text);
    gad_buf_printf(b, ",\"%s\":\"%s\"", key, text);
}

static void put_json_connection(struct gad_buf *b, struct gad_time decided,
                                const struct gad_record *r)
{
    if (r->tuple.family != 0) {
        gad_buf_printf(b, ",\"src_ip\":\"");
        put_address(b, r->tuple.family, r->tuple.src);
        gad_buf_printf(b, "\",\"src_port\":%u,\"dest_ip\":\"", (unsigned)r->tuple.src_port);
        put_address(b, r->tuple.family, r->tuple.dst);
        gad_buf_printf(b, "\",\"dest_port\":%u", (unsigned)r->tuple.dst_port);
    }
    put_time(b, "start", r->start);
    put_time(b, "end", r->end);
    put_time(b, "decided", decided);
    if (r->community_id[0])
        gad_buf_printf(b, ",\"community_id\":\"%s\"", r->community_id);
}

void record_text_ndjson(struct gad_buf *b, const struct record_text *how, struct gad_time decided,
                        const struct gad_record *r)
{
    gad_buf_add(b, "{", 1);
    for (int c = 0; c < GAD_N_COLUMNS; c++)
        put_feature(b, c, r->v[c]);
    if (how->label)
        gad_buf_printf(b, ",\"label\":\"%s\"", how->label);
    if (how->with_connection)
        put_json_connection(b, decided, r);
    gad_buf_add(b, "}\n", 2);
}
