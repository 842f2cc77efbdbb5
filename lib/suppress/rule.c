/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/suppress/rule.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/record/record.h"

enum { SCORE_MAX = 1000000, FIELD_MAX = 512, SECOND = 1000000000, TEN_YEARS = 10 * 365 * 86400 };

/* One "key=value" or "key<value" of the text. */
struct field {
    const char *key;
    size_t key_len;
    char op;
    char value[FIELD_MAX]; /* without quotes and escapes */
};

static const char *const keys[] = {"src",     "dst",   "host",  "sport",   "dport",  "proto",
                                   "service", "model", "score", "expires", "comment"};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };
enum key { SRC, DST, HOST, SPORT, DPORT, PROTO, SERVICE, MODEL, SCORE, EXPIRES, COMMENT };

/* --- fields --- */

static int take_quoted(const char **p, const char *end, struct field *f, struct gad_diag *d)
{
    size_t n = 0;

    for (++*p; *p < end && **p != '"'; ++*p) {
        if (**p == '\\' && ++*p == end)
            break;
        if (n == sizeof(f->value) - 1)
            return gad_fail(d, GAD_ELIMIT, "field '%.*s': too long", (int)f->key_len, f->key);
        f->value[n++] = **p;
    }
    f->value[n] = '\0';
    if (*p == end)
        return gad_fail(d, GAD_EFORMAT, "field '%.*s': no closing quote", (int)f->key_len, f->key);
    ++*p;
    return 0;
}

static int take_word(const char **p, const char *end, struct field *f, struct gad_diag *d)
{
    size_t n = 0;

    for (; *p < end && **p != ' '; ++*p) {
        if (n == sizeof(f->value) - 1)
            return gad_fail(d, GAD_ELIMIT, "field '%.*s': too long", (int)f->key_len, f->key);
        f->value[n++] = **p;
    }
    f->value[n] = '\0';
    return n > 0 ? 0 : gad_fail(d, GAD_EFORMAT, "field '%.*s': is empty", (int)f->key_len, f->key);
}

/* Takes the next field. GAD_END: no field is left. */
static int next_field(const char **p, const char *end, struct field *f, struct gad_diag *d)
{
    while (*p < end && **p == ' ')
        ++*p;
    if (*p == end)
        return GAD_END;
    f->key = *p;
    while (*p < end && **p >= 'a' && **p <= 'z')
        ++*p;
    f->key_len = (size_t)(*p - f->key);
    if (f->key_len == 0 || f->key_len > 16 || *p == end || (**p != '=' && **p != '<'))
        return gad_fail(d, GAD_EFORMAT, "'%.*s': neither KEY=VALUE nor score<N",
                        (int)(end - f->key < 24 ? end - f->key : 24), f->key);
    f->op = *(*p)++;
    int r = *p < end && **p == '"' ? take_quoted(p, end, f, d) : take_word(p, end, f, d);
    if (r == 0 && *p < end && **p != ' ')
        r = gad_fail(d, GAD_EFORMAT, "field '%.*s': trailing data after its value", (int)f->key_len,
                     f->key);
    return r;
}

static int find_key(const struct field *f, struct gad_diag *d)
{
    char word[17];

    (void)snprintf(word, sizeof(word), "%.*s", (int)f->key_len, f->key);
    for (int i = 0; i < N_KEYS; i++)
        if (strcmp(keys[i], word) == 0)
            return (f->op == '<') == (i == SCORE)
                       ? i
                       : gad_fail(d, GAD_EFORMAT, "field '%s': %s", word,
                                  i == SCORE ? "must be written score<N" : "needs a '='");
    int at = gad_text_nearest(word, keys, N_KEYS);
    if (at < 0)
        return gad_fail(d, GAD_EUNKNOWN, "field '%s': not known", word);
    return gad_fail(d, GAD_EUNKNOWN, "field '%s': not known; did you mean '%s'?", word, keys[at]);
}

/* --- values --- */

int gad_network_parse(const char *text, struct gad_network *ret)
{
    struct gad_network it = {0}, *n = &it;
    char addr[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    uint64_t bits;

    if (len >= sizeof(addr))
        return GAD_EFORMAT;
    memcpy(addr, text, len);
    addr[len] = '\0';
    n->family = inet_pton(AF_INET, addr, n->addr) == 1    ? 4
                : inet_pton(AF_INET6, addr, n->addr) == 1 ? 6
                                                          : 0;
    unsigned most = n->family == 4 ? 32 : 128;
    bits = most;
    if (n->family == 0 || (slash && gad_text_u64(slash + 1, strlen(slash + 1), most, &bits) != 0))
        return GAD_EFORMAT;
    n->bits = (uint8_t)bits;
    for (size_t i = 0; i < most; i++)
        /* bits after the prefix: it would look like a host but match a network */
        if (i >= bits && (n->addr[i / 8] & (0x80 >> i % 8)) != 0)
            return GAD_EINVAL;
    *ret = it;
    return 0;
}

static int set_ports(const char *text, struct gad_ports *p)
{
    const char *dash = strchr(text, '-');
    size_t len = dash ? (size_t)(dash - text) : strlen(text);
    uint64_t first, last;

    if (gad_text_u64(text, len, 65535, &first) != 0)
        return GAD_EFORMAT;
    last = first;
    if (dash && gad_text_u64(dash + 1, strlen(dash + 1), 65535, &last) != 0)
        return GAD_EFORMAT;
    *p = (struct gad_ports){true, (uint16_t)first, (uint16_t)last};
    return first <= last ? 0 : GAD_EINVAL;
}

static int set_proto(const char *text, int *ret)
{
    static const struct {
        const char *name;
        int number;
    } rows[] = {
        {"tcp", GAD_IP_TCP}, {"udp", GAD_IP_UDP}, {"icmp", GAD_IP_ICMP}, {"icmp6", GAD_IP_ICMP6}};
    uint64_t v;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, text) == 0) {
            *ret = rows[i].number;
            return 0;
        }
    if (gad_text_u64(text, strlen(text), 255, &v) != 0)
        return GAD_EFORMAT;
    *ret = (int)v;
    return 0;
}

static int set_service(const char *text, int *ret)
{
    const struct gad_column_info *c = &gad_columns[GAD_SERVICE];

    for (size_t i = 0; i < c->n_names; i++)
        if (strcmp(c->names[i], text) == 0) {
            *ret = (int)i;
            return 0;
        }
    return GAD_EUNKNOWN;
}

static int set_model(const char *text, char to[static GAD_RULE_MODEL])
{
    size_t len = strlen(text);

    if (len == 0 || len >= GAD_RULE_MODEL)
        return GAD_EFORMAT;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= 0x20 || text[i] > 0x7e || text[i] == '"')
            return GAD_EFORMAT;
    memcpy(to, text, len + 1);
    return 0;
}

static int set_relative(const char *text, struct gad_time now, struct gad_time *ret)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    size_t digits = strspn(text, "0123456789");
    uint64_t n;

    if (now.ns == 0 || gad_text_u64(text, digits, TEN_YEARS, &n) != 0)
        return GAD_EFORMAT;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(text + digits, units[i].name) == 0 && n > 0) {
            if (n > TEN_YEARS / (uint64_t)units[i].seconds)
                return GAD_ELIMIT;
            ret->ns = (now.ns / SECOND + (int64_t)n * units[i].seconds) * SECOND;
            return 0;
        }
    return GAD_EFORMAT;
}

/* Whole seconds, as gad_rule_write() writes them. */
static int set_absolute(const char *text, struct gad_time *ret)
{
    int r = gad_time_parse(text, strlen(text), ret);

    ret->ns -= ret->ns % SECOND;
    return r == 0 && ret->ns == 0 ? GAD_ELIMIT : r;
}

/* Rounded to a multiple of 1e-9, which the text restores exactly. */
static int set_score(const char *text, double *ret)
{
    double v;

    if (gad_text_real(text, strlen(text), &v) != 0 || !(fabs(v) <= SCORE_MAX))
        return GAD_EFORMAT;
    *ret = nearbyint(v * 1e9) / 1e9;
    return 0;
}

static int set_comment(const char *text, char to[static GAD_RULE_COMMENT])
{
    size_t len = strlen(text);

    if (len >= GAD_RULE_COMMENT)
        return GAD_ELIMIT;
    for (size_t i = 0, n; i < len; i += n)
        if ((n = gad_text_printable(text + i)) == 0)
            return GAD_EINVAL;
    memcpy(to, text, len + 1);
    return 0;
}

static int set(struct gad_rule *r, enum key k, const char *v, struct gad_time now)
{
    switch (k) {
    case SRC:
        return gad_network_parse(v, &r->src);
    case DST:
        return gad_network_parse(v, &r->dst);
    case HOST:
        return gad_network_parse(v, &r->host);
    case SPORT:
        return set_ports(v, &r->sport);
    case DPORT:
        return set_ports(v, &r->dport);
    case PROTO:
        return set_proto(v, &r->proto);
    case SERVICE:
        return set_service(v, &r->service);
    case MODEL:
        return set_model(v, r->model);
    case SCORE:
        return set_score(v, &r->score_below);
    case EXPIRES:
        return *v == '+' ? set_relative(v + 1, now, &r->expires) : set_absolute(v, &r->expires);
    case COMMENT:
        return set_comment(v, r->comment);
    }
    return GAD_EUNKNOWN;
}

static const char *wanted(enum key k)
{
    static const char *const text[N_KEYS] = {
        "a network such as 192.0.2.0/24 or 2001:db8::/32, with no bits set after the prefix",
        "a network such as 192.0.2.0/24 or 2001:db8::/32, with no bits set after the prefix",
        "a network such as 192.0.2.0/24 or 2001:db8::/32, with no bits set after the prefix",
        "a port or a range such as 80-90",
        "a port or a range such as 80-90",
        "tcp, udp, icmp, icmp6 or a number",
        "a service of KDD99 such as http",
        "a model's name",
        "a number of at most 1000000",
        "a time such as 2026-12-01T00:00:00Z, or +2h, +7d, at most ten years",
        "printable UTF-8 and at most 200 bytes long"};
    return text[k];
}

int gad_rule_parse(const char *text, size_t len, struct gad_time now, struct gad_rule *ret,
                   struct gad_diag *d)
{
    const char *p = text, *end = text + len;
    struct field f;
    unsigned seen = 0;
    int r;

    *ret = (struct gad_rule){.proto = -1, .service = GAD_RULE_ANY, .score_below = (double)NAN};
    if (len > GAD_RULE_TEXT || memchr(text, '\0', len))
        return gad_fail(d, GAD_ELIMIT, "a rule has at most %d bytes, and no NUL", GAD_RULE_TEXT);
    while ((r = next_field(&p, end, &f, d)) == 0) {
        int k = find_key(&f, d);
        if (k < 0)
            return k;
        if (seen & 1U << k)
            return gad_fail(d, GAD_EFORMAT, "field '%s': given twice", keys[k]);
        seen |= 1U << k;
        int e = set(ret, (enum key)k, f.value, now);
        if (e != 0)
            return gad_fail(d, GAD_EINVAL, "field '%s': '%.60s': must be %s", keys[k], f.value,
                            wanted((enum key)k));
    }
    if (r != GAD_END)
        return r;
    if ((seen & ~(1U << EXPIRES | 1U << COMMENT)) == 0)
        return gad_fail(d, GAD_EINVAL, "no condition: it would suppress every alert");
    return 0;
}

/* --- writing --- */

static void write_network(const char *key, const struct gad_network *n, struct gad_buf *out)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (n->family == 0)
        return;
    (void)inet_ntop(n->family == 4 ? AF_INET : AF_INET6, n->addr, text, sizeof(text));
    gad_buf_printf(out, "%s=%s/%u ", key, text, n->bits);
}

static void write_ports(const char *key, const struct gad_ports *p, struct gad_buf *out)
{
    if (p->is_set && p->first == p->last)
        gad_buf_printf(out, "%s=%u ", key, p->first);
    else if (p->is_set)
        gad_buf_printf(out, "%s=%u-%u ", key, p->first, p->last);
}

static void write_score(double v, struct gad_buf *out)
{
    char text[40];
    int n = snprintf(text, sizeof(text), "%.9f", v);

    while (n > 1 && text[n - 1] == '0')
        text[--n] = '\0';
    if (n > 1 && text[n - 1] == '.')
        text[--n] = '\0';
    gad_buf_printf(out, "score<%s ", strcmp(text, "-0") == 0 ? "0" : text);
}

static void write_expiry(struct gad_time t, struct gad_buf *out)
{
    char text[GAD_TIME_TEXT];

    if (t.ns == 0)
        return;
    gad_time_text(t, text);
    text[strcspn(text, ".")] = '\0'; /* whole seconds */
    gad_buf_printf(out, "expires=%sZ ", text);
}

static void write_comment(const char *s, struct gad_buf *out)
{
    if (!*s)
        return;
    gad_buf_add(out, "comment=\"", 9);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            gad_buf_add(out, "\\", 1);
        gad_buf_add(out, s, 1);
    }
    gad_buf_add(out, "\" ", 2);
}

void gad_rule_write(const struct gad_rule *r, struct gad_buf *out)
{
    size_t before = gad_buf_left(out);

    write_network("src", &r->src, out);
    write_network("dst", &r->dst, out);
    write_network("host", &r->host, out);
    write_ports("sport", &r->sport, out);
    write_ports("dport", &r->dport, out);
    if (r->proto == GAD_IP_TCP || r->proto == GAD_IP_UDP || r->proto == GAD_IP_ICMP)
        gad_buf_printf(out, "proto=%s ",
                       r->proto == GAD_IP_TCP   ? "tcp"
                       : r->proto == GAD_IP_UDP ? "udp"
                                                : "icmp");
    else if (r->proto >= 0)
        gad_buf_printf(out, "proto=%d ", r->proto);
    if (r->service != GAD_RULE_ANY)
        gad_buf_printf(out, "service=%s ", gad_name_text(GAD_SERVICE, r->service));
    if (*r->model)
        gad_buf_printf(out, "model=%s ", r->model);
    if (!isnan(r->score_below))
        write_score(r->score_below, out);
    write_expiry(r->expires, out);
    write_comment(r->comment, out);
    out->len -= !out->bad && gad_buf_left(out) > before; /* removes the trailing blank */
}

/* --- matching --- */

bool gad_network_holds(const struct gad_network *n, uint8_t family, const uint8_t addr[static 16])
{
    size_t whole = n->bits / 8;
    unsigned rest = n->bits % 8;

    if (family != n->family || memcmp(addr, n->addr, whole) != 0)
        return false;
    return rest == 0 || (addr[whole] & (0xff00 >> rest) & 0xff) == n->addr[whole];
}

static bool in_ports(const struct gad_ports *p, uint16_t port)
{
    return !p->is_set || (port >= p->first && port <= p->last);
}

bool gad_rule_meets(const struct gad_rule *r, const struct gad_record *rec, const char *model,
                    float score)
{
    const struct gad_tuple *t = &rec->tuple;

    if ((r->sport.is_set || r->dport.is_set || r->proto >= 0) && t->family == 0)
        return false;
    if (!in_ports(&r->sport, t->src_port) || !in_ports(&r->dport, t->dst_port) ||
        (r->proto >= 0 && r->proto != t->proto))
        return false;
    if ((r->src.family != 0 && !gad_network_holds(&r->src, t->family, t->src)) ||
        (r->dst.family != 0 && !gad_network_holds(&r->dst, t->family, t->dst)) ||
        (r->host.family != 0 && !gad_network_holds(&r->host, t->family, t->src) &&
         !gad_network_holds(&r->host, t->family, t->dst)))
        return false;
    return (r->service == GAD_RULE_ANY || r->service == (int)rec->v[GAD_SERVICE]) &&
           (isnan(r->score_below) || (double)score < r->score_below) &&
           (!*r->model || strcmp(r->model, model) == 0);
}

static bool same_network(const struct gad_network *a, const struct gad_network *b)
{
    return a->family == b->family && a->bits == b->bits &&
           memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static bool same_ports(const struct gad_ports *a, const struct gad_ports *b)
{
    return a->is_set == b->is_set && a->first == b->first && a->last == b->last;
}

static bool same_real(double a, double b)
{
    return isnan(a) ? isnan(b) : !(a < b) && !(a > b) && !isnan(b);
}

bool gad_rule_same(const struct gad_rule *a, const struct gad_rule *b)
{
    return same_network(&a->src, &b->src) && same_network(&a->dst, &b->dst) &&
           same_network(&a->host, &b->host) && same_ports(&a->sport, &b->sport) &&
           same_ports(&a->dport, &b->dport) && a->proto == b->proto && a->service == b->service &&
           same_real(a->score_below, b->score_below) && strcmp(a->model, b->model) == 0;
}
