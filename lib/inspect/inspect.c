/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/inspect.h"

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
    [GAD_APP_NONE] = &scan_none,         [GAD_APP_TELNET] = &gad_scan_telnet,
    [GAD_APP_RLOGIN] = &gad_scan_rlogin, [GAD_APP_RSH] = &gad_scan_rsh,
    [GAD_APP_FTP] = &gad_scan_ftp,       [GAD_APP_FTP_DATA] = &scan_ftp_data,
    [GAD_APP_SMTP] = &gad_scan_smtp,     [GAD_APP_HTTP] = &gad_scan_http,
    [GAD_APP_POP3] = &gad_scan_pop3,     [GAD_APP_IMAP] = &gad_scan_imap,
    [GAD_APP_IRC] = &scan_both_ways,     [GAD_APP_FINGER] = &scan_none,
    [GAD_APP_AUTH] = &gad_scan_auth,     [GAD_APP_TEXT] = &scan_text,
};

enum gad_app gad_app_found(enum gad_found found)
{
    static const uint8_t of[GAD_N_FOUND] = {
        [GAD_FOUND_NOTHING] = GAD_APP_TEXT, [GAD_FOUND_FTP_DATA] = GAD_APP_FTP_DATA,
        [GAD_FOUND_HTTP] = GAD_APP_HTTP,    [GAD_FOUND_SSH] = GAD_APP_TEXT,
        [GAD_FOUND_SMTP] = GAD_APP_SMTP,    [GAD_FOUND_FTP] = GAD_APP_FTP,
        [GAD_FOUND_TLS] = GAD_APP_TEXT,     [GAD_FOUND_TELNET] = GAD_APP_TELNET,
        [GAD_FOUND_DNS] = GAD_APP_TEXT,
    };
    return (enum gad_app)of[found];
}

enum { WITHOUT_FLAGS = GAD_APP_DETECT - 1 };

size_t gad_inspect_size(enum gad_app app)
{
    gad_assert((app & WITHOUT_FLAGS) < GAD_N_APPS);
    return sizeof(struct gad_inspect) + (app & GAD_APP_DETECT ? sizeof(struct gad_detector) : 0);
}

void gad_inspect_init(struct gad_inspect *in, enum gad_app app)
{
    in->app = app;
    in->scanner = scanners[app];
    if (in->scanner->start)
        in->scanner->start(in);
}

int gad_inspect_new(enum gad_app app, struct gad_inspect **ret)
{
    struct gad_inspect *in = gad_calloc(1, gad_inspect_size(app));

    if (!in)
        return GAD_ENOMEM;
    gad_inspect_init(in, app & WITHOUT_FLAGS);
    in->keeps = app & GAD_APP_KEEP;
    if (app & GAD_APP_DETECT) {
        in->detector = (struct gad_detector *)(in + 1);
        gad_detector_init(in->detector);
    }
    *ret = in;
    return 0;
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

    *ret = second && !in->keeps ? second->c : in->c;
    if (second && in->keeps)
        merge(ret, &second->c);
    if (in->detector)
        ret->found = in->detector->found;
}
