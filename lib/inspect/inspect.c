/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/inspect.h"

#include <string.h>

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

int gad_inspect_new(enum gad_app app, struct gad_inspect **ret)
{
    struct gad_inspect *in = gad_calloc(1, sizeof(*in));

    if (!in)
        return GAD_ENOMEM;
    gad_inspect_begin(in, app, NULL);
    *ret = in;
    return 0;
}

void gad_inspect_begin(struct gad_inspect *in, enum gad_app app, const struct gad_content *before)
{
    gad_assert(app < GAD_N_APPS);
    memset(in, 0, sizeof(*in)); /* padding, too: it is packed */
    in->app = app;
    in->scanner = scanners[app];
    if (before) {
        in->c = *before;
        gad_inspect_line_gap(&in->line[GAD_SERVER]);
        gad_inspect_line_gap(&in->line[GAD_CLIENT]);
    }
    if (in->scanner->start)
        in->scanner->start(in);
}

enum {
    HEAD = offsetof(struct gad_inspect, line),
    LINE_HEAD = offsetof(struct gad_inspect_line, buf)
};

_Static_assert(sizeof(struct gad_inspect) <= GAD_INSPECT_PACKED_MAX, "the longest packed form");

/* Of a line that was taken, only that is known to be needed. */
static size_t packed_line_len(const struct gad_inspect_line *l)
{
    return l->taken ? 0 : l->len;
}

size_t gad_inspect_packed_len(const struct gad_inspect *in)
{
    return HEAD + 2 * LINE_HEAD + packed_line_len(&in->line[0]) + packed_line_len(&in->line[1]);
}

void gad_inspect_pack(const struct gad_inspect *in, uint8_t *ret)
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
}

void gad_inspect_unpack(struct gad_inspect *in, const uint8_t *packed)
{
    memcpy(in, packed, HEAD);
    packed += HEAD;
    for (size_t way = 0; way < GAD_N_WAYS; way++) {
        memcpy(&in->line[way], packed, LINE_HEAD);
        memcpy(in->line[way].buf, packed + LINE_HEAD, in->line[way].len);
        packed += LINE_HEAD + in->line[way].len;
    }
}

void gad_inspect_free(struct gad_inspect *in)
{
    gad_free(in);
}

/* A direction is still open, or logged_in depends on one. */
static bool can_change(const struct gad_inspect *in)
{
    return !in->done[GAD_SERVER] || !in->done[GAD_CLIENT] ||
           (in->scanner->both_ways_is_login && !in->c.logged_in);
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

    return in->seen[way] && (in->done[way] || (in->scanner->skips && in->scanner->skips(in, way)));
}

bool gad_inspect_bytes(struct gad_inspect *in, bool from_originator, const uint8_t *p, size_t len)
{
    enum gad_way way = from_originator ? GAD_CLIENT : GAD_SERVER;
    struct gad_span s;

    if (len > 0)
        see(in, way);
    if (in->scanner->bytes && !in->done[way])
        in->scanner->bytes(in, way, p, len);
    while (in->scanner->line && !in->done[way] &&
           gad_inspect_line_next(&in->line[way], &p, &len, &s))
        if (!in->line[way].lost)
            in->scanner->line(in, way, s);
    return can_change(in);
}

void gad_inspect_gap(struct gad_inspect *in, bool from_originator, uint64_t len)
{
    enum gad_way way = from_originator ? GAD_CLIENT : GAD_SERVER;

    if (len == 0)
        return;
    see(in, way);
    gad_inspect_line_gap(&in->line[way]);
    if (in->scanner->gap && !in->done[way])
        in->scanner->gap(in, way);
}

void gad_inspect_result(const struct gad_inspect *in, struct gad_content *ret)
{
    *ret = in->c;
    if (in->scanner->result)
        in->scanner->result(in, ret);
}
