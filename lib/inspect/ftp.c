/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control connection of FTP (RFC 959, 2428). Commands wait in a queue for their replies, so
 * that only commands that the server accepted count.
 *
 *     hot:                one for each transfer that began, up or down, and each listing (D: hot in
 *                         686 of the 687 rows that are logged in; by their bytes it is one more for
 *                         each further 45 of PORT and RETR and 130 of replies)
 *     num_file_creations: uploads that began, directories made (D: warezmaster has hot 18 and 21 of
 *                         these, and a session of 36 bytes, enough for a login and one MKD, has hot
 *                         0 and 1)
 *     num_access_files:   a transfer of a file of accounts or access control (D: ftp_write,
 *                         .rhosts)
 *     num_failed_logins:  530 to USER or PASS (D: one row; L)
 *     logged_in:          230 (D: 687 of 689 rows with payload both ways)
 *     is_guest_login:     logged in by the name ftp or a guest's (D: 684; G)
 */
#include <string.h>

#include "lib/inspect/detector.h"
#include "lib/inspect/ftp_endpoint.h"
#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

enum command {
    OTHER,
    USER,
    PASS,
    FETCH, /* RETR and listings */
    STORE,
    MAKE, /* a directory */
    PORT,
    PASSIVE,
    AUTH,
    COMMAND_MASK = 0x0f,
    ACCESS_FILE = 0x10, /* flag */
};

static const struct {
    const char *verb;
    enum command command;
} verbs[] = {
    {"USER", USER},  {"PASS", PASS},    {"RETR", FETCH},   {"LIST", FETCH},
    {"NLST", FETCH}, {"MLSD", FETCH},   {"STOR", STORE},   {"STOU", STORE},
    {"APPE", STORE}, {"MKD", MAKE},     {"XMKD", MAKE},    {"PORT", PORT},
    {"EPRT", PORT},  {"PASV", PASSIVE}, {"EPSV", PASSIVE}, {"AUTH", AUTH},
};

static enum command command_of(struct gad_span verb)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (gad_span_is(verb, verbs[i].verb))
            return verbs[i].command;
    return OTHER;
}

static void push(struct gad_ftp *f, uint8_t command)
{
    if (f->n < GAD_FTP_QUEUE && f->n_more == 0)
        f->queue[f->n++] = command;
    else
        gad_count(&f->n_more);
}

static void pop(struct gad_ftp *f)
{
    if (f->n > 0)
        memmove(f->queue, f->queue + 1, --f->n);
    else
        f->n_more = (uint16_t)(f->n_more - (f->n_more > 0));
}

static void client_line(struct gad_inspect *in, struct gad_span s)
{
    struct gad_span verb = gad_span_token(&s);
    unsigned command = command_of(verb);

    if (verb.len == 0)
        return;
    s = gad_span_trim(s);
    if (command == USER)
        in->ftp.guest = gad_span_is(s, "ftp") || gad_shell_is_guest(s);
    else if (command == PORT)
        gad_ftp_endpoint_of_command(gad_span_is(verb, "EPRT"), s, &in->ftp.asked);
    else if ((command == FETCH || command == STORE) && gad_shell_is_access_file(s))
        command |= ACCESS_FILE;
    push(&in->ftp, (uint8_t)command);
}

static void transfer_began(struct gad_content *c, unsigned command)
{
    bool store = (command & COMMAND_MASK) == STORE;
    if (!store && (command & COMMAND_MASK) != FETCH)
        return;
    gad_count(&c->hot);
    if (store)
        gad_count(&c->num_file_creations);
    if (command & ACCESS_FILE)
        gad_count(&c->num_access_files);
}

static void logged_in(struct gad_inspect *in)
{
    in->c.logged_in = 1;
    in->c.is_guest_login |= in->ftp.guest;
}

static void agreed(struct gad_inspect *in, unsigned command, unsigned code, struct gad_span s)
{
    struct gad_ftp *f = &in->ftp;

    switch (command) {
    case USER:
    case PASS:
        if (code == 230)
            logged_in(in);
        break;
    case MAKE:
        gad_count(&in->c.num_file_creations);
        break;
    case PORT:
        f->endpoint = f->asked;
        f->has_endpoint = f->asked.port != 0;
        break;
    case PASSIVE:
        gad_ftp_endpoint_of_reply(code, s, &f->endpoint);
        f->has_endpoint = f->endpoint.port != 0;
        break;
    case AUTH: /* TLS follows */
        gad_inspect_done(in);
        break;
    default:
        break;
    }
}

static void reply(struct gad_inspect *in, unsigned code, struct gad_span s)
{
    struct gad_ftp *f = &in->ftp;
    unsigned command = f->n > 0 ? f->queue[0] : OTHER;

    if (code < 200) {
        transfer_began(&in->c, command);
        return;
    }
    if (!f->greeted) { /* the greeting answers no command */
        f->greeted = true;
        if (code == 220)
            return;
    }
    if (f->n == 0 && f->n_more == 0 && (code == 227 || code == 229))
        command = PASSIVE; /* only the command was lost: no other has these replies */
    if (code < 300)
        agreed(in, command & COMMAND_MASK, code, s);
    else if (code == 530 && (command == USER || command == PASS))
        gad_count(&in->c.num_failed_logins);
    pop(f);
}

/* Returns the three digits; -1 if they are missing. */
static int code_of(struct gad_span s)
{
    int code = 0;
    if (s.len < 3)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        code = code * 10 + (s.p[i] - '0');
    }
    return code;
}

static void server_line(struct gad_inspect *in, struct gad_span s)
{
    struct gad_ftp *f = &in->ftp;
    int code = code_of(s);
    bool last = code >= 100 && (s.len == 3 || s.p[3] == ' ');

    if (f->multi_code != 0 ? !last || code != f->multi_code : !last) {
        if (f->multi_code == 0 && code >= 100 && s.p[3] == '-')
            f->multi_code = (uint16_t)code;
        return;
    }
    f->multi_code = 0;
    reply(in, (unsigned)code, s);
}

static void ftp_line(struct gad_inspect *in, enum gad_way way, struct gad_span s)
{
    if (way == GAD_CLIENT)
        client_line(in, s);
    else
        server_line(in, s);
}

/* It is no longer known which reply answers which command. */
static void ftp_gap(struct gad_inspect *in, enum gad_way way)
{
    (void)way;
    in->ftp.n = 0;
    in->ftp.n_more = 0;
    in->ftp.multi_code = 0;
}

const struct gad_scanner gad_scan_ftp = {.line = ftp_line, .gap = ftp_gap};

bool gad_inspect_take_endpoint(struct gad_inspect *in, struct gad_ftp_endpoint *ret)
{
    if (in->app != GAD_APP_FTP && in->detector && in->detector->runs)
        in = &in->detector->second;
    if (in->app != GAD_APP_FTP || !in->ftp.has_endpoint)
        return false;
    *ret = in->ftp.endpoint;
    in->ftp.has_endpoint = false;
    return true;
}
