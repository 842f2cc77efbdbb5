/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/connection.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/dataset/line.h"
#include "lib/record/notes.h"
#include "lib/record/record.h"

enum part {
    SRC_IP,
    SRC_PORT,
    DST_IP,
    DST_PORT,
    START,
    END,
    COMMUNITY_ID,
    ORIENT,
    NOTES,
    SRC_PACKETS,
    DST_PACKETS,
    N_PARTS
};

static const char *const part_name[N_PARTS] = {"src_ip", "src_port",    "dest_ip",      "dest_port",
                                               "start",  "end",         "community_id", "orient",
                                               "notes",  "src_packets", "dest_packets"};

void gad_connection_find(const struct gad_head *head, struct gad_connection_columns *ret)
{
    struct gad_connection_columns columns = {.any = false};

    for (int c = 0; c < GAD_HEAD_COLUMNS_MAX; c++) {
        columns.part[c] = -1;
        for (int8_t p = 0; c >= GAD_N_COLUMNS && c < head->n_columns && p < N_PARTS; p++)
            if (strcmp(head->name[c], part_name[p]) == 0)
                columns.part[c] = p;
        columns.any = columns.any || columns.part[c] >= 0;
    }
    *ret = columns;
}

/* Returns 4 or 6; 0: not an address. */
static uint8_t parse_address(const char *s, size_t len, uint8_t to[static 16])
{
    char text[INET6_ADDRSTRLEN];

    if (len >= sizeof(text))
        return 0;
    memcpy(text, s, len);
    text[len] = '\0';
    return inet_pton(AF_INET, text, to) == 1 ? 4 : inet_pton(AF_INET6, text, to) == 1 ? 6 : 0;
}

static bool parse_port(const char *s, size_t len, uint16_t *to)
{
    uint64_t v;
    bool ok = gad_text_u64(s, len, UINT16_MAX, &v) == 0;

    *to = ok ? (uint16_t)v : 0;
    return ok;
}

static bool parse_packets(const char *s, size_t len, uint32_t *to)
{
    uint64_t v;
    bool ok = gad_text_u64(s, len, UINT32_MAX, &v) == 0;

    *to = ok ? (uint32_t)v : 0;
    return ok;
}

/* Accepts what ganadd accepts. */
static bool parse_community_id(const char *s, size_t len, char to[static GAD_COMMUNITY_ID_TEXT])
{
    static const char bytes[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=:";

    if (len >= GAD_COMMUNITY_ID_TEXT)
        return false;
    memcpy(to, s, len);
    if (strspn(to, bytes) == len)
        return true;
    memset(to, 0, len);
    return false;
}

static bool parse_orient(const char *s, size_t len, uint8_t *notes)
{
    static const char known[] = {'k', 'n', 'o', 'w', 'n'};

    return (len == sizeof(known) && memcmp(s, known, len) == 0) || gad_notes_parse(s, len, notes);
}

struct parsed {
    struct gad_record *rec;
    uint8_t family[2]; /* of src and dst */
};

static bool parse_part(struct parsed *p, enum part part, const char *s, size_t len)
{
    struct gad_tuple *t = &p->rec->tuple;

    switch (part) {
    case SRC_IP:
        return (p->family[0] = parse_address(s, len, t->src)) != 0;
    case DST_IP:
        return (p->family[1] = parse_address(s, len, t->dst)) != 0;
    case SRC_PORT:
        return parse_port(s, len, &t->src_port);
    case DST_PORT:
        return parse_port(s, len, &t->dst_port);
    case START:
        return gad_line_time(s, s + len, &p->rec->start);
    case END:
        return gad_line_time(s, s + len, &p->rec->end);
    case COMMUNITY_ID:
        return parse_community_id(s, len, p->rec->community_id);
    case ORIENT:
        return parse_orient(s, len, &p->rec->notes);
    case SRC_PACKETS:
        return parse_packets(s, len, &p->rec->src_packets);
    case DST_PACKETS:
        return parse_packets(s, len, &p->rec->dst_packets);
    default:
        return gad_notes_parse(s, len, &p->rec->notes);
    }
}

/* KDD99 has three protocols. */
static uint8_t ip_proto(const struct gad_record *rec)
{
    static const uint8_t of[] = {GAD_IP_TCP, GAD_IP_UDP, GAD_IP_ICMP};
    double v = rec->v[GAD_PROTOCOL_TYPE];
    uint8_t proto = v >= 0 && v < (double)sizeof(of) ? of[(size_t)v] : 0;

    return proto == GAD_IP_ICMP && rec->tuple.family == 6 ? GAD_IP_ICMP6 : proto;
}

/* Sets the family if both addresses have the same one; otherwise the record has no endpoints. */
static bool join(struct parsed *p)
{
    struct gad_tuple *t = &p->rec->tuple;
    bool good = p->family[0] == p->family[1];

    if (!good || p->family[0] == 0) {
        memset(t, 0, sizeof(*t));
        return good;
    }
    t->family = p->family[0];
    t->proto = ip_proto(p->rec);
    return true;
}

bool gad_connection_parse(const struct gad_connection_columns *columns, const char *line,
                          struct gad_record *rec)
{
    struct parsed p = {.rec = rec};
    bool good = true;

    memset(&rec->tuple, 0, sizeof(rec->tuple));
    rec->start = rec->end = (struct gad_time){0};
    memset(rec->community_id, 0, sizeof(rec->community_id));
    rec->notes = 0;
    rec->src_packets = rec->dst_packets = 0;
    for (int c = 0; c < GAD_HEAD_COLUMNS_MAX; c++) {
        size_t len = strcspn(line, ",\r\n");
        if (columns->part[c] >= 0 && len > 0)
            good &= parse_part(&p, (enum part)columns->part[c], line, len);
        line += len;
        if (*line++ != ',')
            break;
    }
    return join(&p) && good;
}
