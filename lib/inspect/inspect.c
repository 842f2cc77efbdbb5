/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/inspect.h"

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

/* By KDD99's table of services: one port each; and services of today whose logins are read. */
static const struct {
    uint16_t port;
    enum gad_app app;
} ports[] = {
    {20, GAD_APP_FTP_DATA}, {21, GAD_APP_FTP},     {22, GAD_APP_SSH},   {23, GAD_APP_TELNET},
    {25, GAD_APP_SMTP},     {37, GAD_APP_NONE}, /* time: the server sends binary data */
    {79, GAD_APP_FINGER},   {80, GAD_APP_HTTP},    {110, GAD_APP_POP3}, {113, GAD_APP_AUTH},
    {143, GAD_APP_IMAP},    {513, GAD_APP_RLOGIN}, {514, GAD_APP_RSH},  {2784, GAD_APP_HTTP},
    {6667, GAD_APP_IRC},    {8001, GAD_APP_HTTP},  {587, GAD_APP_SMTP}, {5432, GAD_APP_POSTGRESQL},
    {6379, GAD_APP_REDIS},
};

enum { FTP_DATA = 20 };

enum gad_app gad_app_of(uint16_t orig_port, uint16_t resp_port)
{
    if (orig_port == FTP_DATA)
        return GAD_APP_FTP_DATA;
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        if (ports[i].port == resp_port)
            return ports[i].app;
    return GAD_APP_TEXT;
}

size_t gad_inspect_size(enum gad_app app)
{
    gad_assert(app < GAD_N_APPS);
    return sizeof(struct gad_inspect);
}

int gad_inspect_new(enum gad_app app, struct gad_inspect **ret)
{
    struct gad_inspect *in = gad_calloc(1, gad_inspect_size(app));

    if (!in)
        return GAD_ENOMEM;
    in->app = app;
    in->scanner = scanners[app];
    if (in->scanner->start)
        in->scanner->start(in);
    *ret = in;
    return 0;
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
