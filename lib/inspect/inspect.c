/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/inspect.h"

#include <string.h>

#include "lib/inspect/detector.h"
#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

/*
 * Services of which only the text counts, and services of which only the number of directions
 * counts.
 *
 * Text is mainly data connections of FTP, also on other ports (D: service other has what ftp_data
 * has). A direction with a NUL in a line is binary and not inspected further: apparent words there
 * are chance. The rules are in lib/inspect/shell.h. Evidence (D, rows of ftp_data):
 *
 *     num_root             511 rows, 1 to 9; by the size of the listing, one for each of its lines
 *                          that root owns
 *     num_file_creations   63 rows
 *     num_access_files     22 rows
 *
 * logged_in: payload in both directions (D: domain, gopher, ssh, IRC, X11, private; not finger,
 * time). For ftp_data it is that of the control connection (D: 3,676 of 4,721 rows), which the
 * caller has.
 *
 * hot, num_shells, root_shell of ftp_data (D: 52, 42 and 3 rows) follow no known rule: 0.
 *
 * IRC and finger (D: 39 and 459 rows with payload in both directions): no count but in one row,
 * although users queried root by finger (G would count these).
 */
static void text_line(struct gad_inspect *in, enum gad_way way, struct gad_span s)
{
    if (in->line[way].has_binary)
        in->done[way] = true;
    else
        gad_shell_text(s, &in->c);
}

static void inspect_nothing(struct gad_inspect *in)
{
    gad_inspect_done(in);
}

static const struct gad_scanner scan_text = {.line = text_line, .both_ways_is_login = true};
static const struct gad_scanner scan_ftp_data = {.line = text_line};
static const struct gad_scanner scan_both_ways = {.start = inspect_nothing,
                                                  .both_ways_is_login = true};
static const struct gad_scanner scan_none = {.start = inspect_nothing};

static const struct gad_scanner *const scanners[GAD_N_APPS] = {
    [GAD_APP_NONE] = &scan_none,
    [GAD_APP_TELNET] = &gad_scan_telnet,
    [GAD_APP_RLOGIN] = &gad_scan_rlogin,
    [GAD_APP_RSH] = &gad_scan_rsh,
    [GAD_APP_FTP] = &gad_scan_ftp,
    [GAD_APP_FTP_DATA] = &scan_ftp_data,
    [GAD_APP_SMTP] = &gad_scan_smtp,
    [GAD_APP_HTTP] = &gad_scan_http,
    [GAD_APP_POP3] = &gad_scan_pop3,
    [GAD_APP_IMAP] = &gad_scan_imap,
    [GAD_APP_IRC] = &scan_both_ways,
    [GAD_APP_FINGER] = &scan_none,
    [GAD_APP_AUTH] = &gad_scan_auth,
    [GAD_APP_TEXT] = &scan_text,
    [GAD_APP_SSH] = &gad_scan_ssh,
    [GAD_APP_REDIS] = &gad_scan_redis,
    [GAD_APP_POSTGRESQL] = &gad_scan_postgresql,
};

enum gad_app gad_app_found(enum gad_found found)
{
    static const uint8_t of[GAD_N_FOUND] = {
        [GAD_FOUND_NOTHING] = GAD_APP_TEXT, [GAD_FOUND_FTP_DATA] = GAD_APP_FTP_DATA,
        [GAD_FOUND_HTTP] = GAD_APP_HTTP,    [GAD_FOUND_SSH] = GAD_APP_SSH,
        [GAD_FOUND_SMTP] = GAD_APP_SMTP,    [GAD_FOUND_FTP] = GAD_APP_FTP,
        [GAD_FOUND_TLS] = GAD_APP_TEXT,     [GAD_FOUND_TELNET] = GAD_APP_TELNET,
        [GAD_FOUND_DNS] = GAD_APP_TEXT,
    };
    return (enum gad_app)of[found];
}

void gad_inspect_init(struct gad_inspect *in, enum gad_app app)
{
    gad_assert(app < GAD_N_APPS);
    memset(in, 0, sizeof(*in)); /* padding, too: it is packed */
    in->app = app;
    in->scanner = scanners[app];
    if (in->scanner->start)
        in->scanner->start(in);
}

/* Space for it follows each inspection that gad_inspect_new() made. */
static struct gad_detector *detector_of(struct gad_inspect *in)
{
    return (struct gad_detector *)(in + 1);
}

int gad_inspect_new(enum gad_app app, struct gad_inspect **ret)
{
    struct gad_inspect *in = gad_calloc(1, sizeof(*in) + sizeof(struct gad_detector));

    if (!in)
        return GAD_ENOMEM;
    gad_inspect_begin(in, app, NULL);
    *ret = in;
    return 0;
}

void gad_inspect_begin(struct gad_inspect *in, enum gad_app app, const struct gad_content *before)
{
    bool detects = (app & GAD_APP_DETECT) && !before; /* nothing is found behind a gap */

    gad_inspect_init(in, app & GAD_APP_WITHOUT_FLAGS);
    in->keeps = app & GAD_APP_KEEP;
    in->detector = detects ? detector_of(in) : NULL;
    if (detects)
        gad_detector_init(in->detector);
    if (before) {
        in->c = *before;
        gad_inspect_line_gap(&in->line[GAD_SERVER]);
        gad_inspect_line_gap(&in->line[GAD_CLIENT]);
    }
}

enum {
    HEAD = offsetof(struct gad_inspect, line),
    LINE_HEAD = offsetof(struct gad_inspect_line, buf),
    DETECTOR_HEAD = offsetof(struct gad_detector, first),
};

_Static_assert(sizeof(struct gad_inspect) + sizeof(struct gad_detector) <= GAD_INSPECT_PACKED_MAX,
               "the longest packed form");

/* Of a line that was taken, only that is known to be needed. */
static size_t packed_line_len(const struct gad_inspect_line *l)
{
    return l->taken ? 0 : l->len;
}

/* The first bytes are needed until something is found. */
static size_t first_len(const struct gad_detector *d)
{
    return d->over ? 0 : (size_t)d->n[0] + d->n[1];
}

size_t gad_inspect_packed_len(const struct gad_inspect *in)
{
    const struct gad_detector *d = in->detector;
    size_t len =
        HEAD + 2 * LINE_HEAD + packed_line_len(&in->line[0]) + packed_line_len(&in->line[1]);

    if (d)
        len += DETECTOR_HEAD + first_len(d) + (d->runs ? gad_inspect_packed_len(&d->second) : 0);
    return len;
}

static uint8_t *pack_inspect(const struct gad_inspect *in, uint8_t *ret)
{
    memcpy(ret, in, HEAD);
    ret += HEAD;
    for (size_t way = 0; way < GAD_N_WAYS; way++) {
        const struct gad_inspect_line *l = &in->line[way];
        size_t len = packed_line_len(l);
        memcpy(ret, l, LINE_HEAD);
        memcpy(ret + offsetof(struct gad_inspect_line, len), &(uint16_t){(uint16_t)len},
               sizeof(l->len));
        memcpy(ret + LINE_HEAD, l->buf, len);
        ret += LINE_HEAD + len;
    }
    return ret;
}

void gad_inspect_pack(const struct gad_inspect *in, uint8_t *ret)
{
    const struct gad_detector *d = in->detector;

    ret = pack_inspect(in, ret);
    if (!d)
        return;
    memcpy(ret, d, DETECTOR_HEAD);
    ret += DETECTOR_HEAD;
    for (size_t way = 0; way < GAD_N_WAYS && !d->over; way++) {
        memcpy(ret, d->first[way], d->n[way]);
        ret += d->n[way];
    }
    if (d->runs)
        (void)pack_inspect(&d->second, ret);
}

static const uint8_t *unpack_inspect(struct gad_inspect *in, const uint8_t *packed)
{
    memcpy(in, packed, HEAD);
    packed += HEAD;
    for (size_t way = 0; way < GAD_N_WAYS; way++) {
        memcpy(&in->line[way], packed, LINE_HEAD);
        memcpy(in->line[way].buf, packed + LINE_HEAD, in->line[way].len);
        packed += LINE_HEAD + in->line[way].len;
    }
    return packed;
}

void gad_inspect_unpack(struct gad_inspect *in, const uint8_t *packed)
{
    packed = unpack_inspect(in, packed);
    if (!in->detector)
        return;
    struct gad_detector *d = detector_of(in);
    in->detector = d; /* the packed pointer can be that of another one */
    memcpy(d, packed, DETECTOR_HEAD);
    packed += DETECTOR_HEAD;
    for (size_t way = 0; way < GAD_N_WAYS && !d->over; way++) {
        memcpy(d->first[way], packed, d->n[way]);
        packed += d->n[way];
    }
    if (d->runs)
        (void)unpack_inspect(&d->second, packed);
}

void gad_inspect_free(struct gad_inspect *in)
{
    gad_free(in);
}

bool gad_inspect_can_change(const struct gad_inspect *in)
{
    return !in->done[GAD_SERVER] || !in->done[GAD_CLIENT] ||
           (in->scanner->both_ways_is_login && !in->c.logged_in) ||
           (in->detector && gad_detector_can_change(in->detector));
}

static void see(struct gad_inspect *in, enum gad_way way)
{
    in->seen[way] = true;
    if (in->scanner->both_ways_is_login)
        in->c.logged_in = in->seen[GAD_SERVER] && in->seen[GAD_CLIENT];
}

bool gad_inspect_skips(const struct gad_inspect *in, bool from_originator)
{
    enum gad_way way = from_originator ? GAD_CLIENT : GAD_SERVER;

    if (in->detector && !gad_detector_skips(in->detector, way))
        return false;
    return in->seen[way] && (in->done[way] || (in->scanner->skips && in->scanner->skips(in, way)));
}

bool gad_inspect_bytes(struct gad_inspect *in, bool from_originator, const uint8_t *p, size_t len)
{
    enum gad_way way = from_originator ? GAD_CLIENT : GAD_SERVER;
    struct gad_span s;

    if (in->detector)
        gad_detector_bytes(in->detector, in->app, way, p, len);
    if (len > 0)
        see(in, way);
    if (in->scanner->bytes && !in->done[way])
        in->scanner->bytes(in, way, p, len);
    while (in->scanner->line && !in->done[way] &&
           gad_inspect_line_next(&in->line[way], &p, &len, &s))
        if (!in->line[way].lost)
            in->scanner->line(in, way, s);
    return gad_inspect_can_change(in);
}

void gad_inspect_gap(struct gad_inspect *in, bool from_originator, uint64_t len)
{
    enum gad_way way = from_originator ? GAD_CLIENT : GAD_SERVER;

    if (len == 0)
        return;
    if (in->detector)
        gad_detector_gap(in->detector, way, len);
    see(in, way);
    gad_inspect_line_gap(&in->line[way]);
    if (in->scanner->gap && !in->done[way])
        in->scanner->gap(in, way);
}

static void raise(uint16_t *count, uint16_t other)
{
    *count = other > *count ? other : *count;
}

/* Raises each count to that of another inspection of the same bytes. Who is logged in stays: it
 * would make the connection look more ordinary. */
static void merge(struct gad_content *c, const struct gad_content *other)
{
    raise(&c->hot, other->hot);
    raise(&c->num_failed_logins, other->num_failed_logins);
    raise(&c->num_compromised, other->num_compromised);
    raise(&c->num_root, other->num_root);
    raise(&c->num_file_creations, other->num_file_creations);
    raise(&c->num_shells, other->num_shells);
    raise(&c->num_access_files, other->num_access_files);
    c->root_shell |= other->root_shell;
    c->su_attempted = other->su_attempted > c->su_attempted ? other->su_attempted : c->su_attempted;
}

void gad_inspect_result(const struct gad_inspect *in, struct gad_content *ret)
{
    const struct gad_inspect *second = in->detector ? gad_detector_second(in->detector) : NULL;

    *ret = in->c;
    if (in->scanner->result)
        in->scanner->result(in, ret);
    if (second) {
        struct gad_content c;
        gad_inspect_result(second, &c);
        if (in->keeps)
            merge(ret, &c);
        else
            *ret = c;
    }
    if (in->detector)
        ret->found = (uint8_t)in->detector->found;
}
