/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telnet and rlogin: a dialogue for the login, then a shell.
 *
 * The client's line is the typed text after editing; the server's is its output, with echoes. A
 * prompt is a line that the server left unfinished when the client started to type.
 *
 * num_failed_logins:  "Login incorrect" (G); during login also Bro's other failure messages (B)
 * logged_in:          a success message (B), or an answer to name or password that is no failure
 *                     and no new question, after which the client continues to type (B; D: 238
 *                     rows, in none of the 52 failed guesses)
 * hot:                a login attempt as a guest (D: hot 1 in the rows of guess_passwd, which was
 *                     on the account guest), the lines of lib/inspect/shell.h, "Jumping to
 *                     address" (B)
 * num_compromised:    "not found" (G; D: in 52 normal rows, mostly 1 to 13), "Jumping to address"
 *                     (L)
 * root_shell:         root's prompt (G)
 * su_attempted:       1: requested root by su; 2: and got it (D: root_shell is 1 in all 6 rows with
 *                     2, 0 in all 4 with 1)
 * num_root:           lines typed at root's prompt (G's ^root@ counts the same lines where the
 *                     prompt has that form; D: in rows with su_attempted 2 it exceeds
 *                     num_compromised by one for each 11 bytes of the client, 17, 30, 31, 90, 109
 *                     for 394 to 1419 bytes; the meaning of the rest, common to both, is not known)
 * num_file_creations: shell.h, and "[New file]" of an editor, once a typed line (G)
 * is_guest_login:     logged in by a guest's name (G; D: the one row)
 */
#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

/* Bro's login_prompts, at the end of the line; nocase. */
static const char *const name_prompts[] = {"login:", "username:", "user:", "name:", NULL};
static const char *const secret_prompts[] = {"password:", "passcode:", "passwd:", NULL};
static const char *const failures[] = {"incorrect", "invalid", "login fail", "failure",
                                       "sorry",     "denied",  "no shell",   NULL};
static const char *const not_failures[] = {"failures", "last successful login", "unsuccessful",
                                           "last login", NULL};
static const char *const successes[] = {"last login", "last successful login",
                                        "failures since last", NULL};

enum { PROMPT_MAX = 80 };
enum { RLOGIN_SERVER_USER = 2, RLOGIN_HANDSHAKE = 4 }; /* NULs of the client, see below */

static void enter(struct gad_inspect *in)
{
    in->login.stage = GAD_LOGIN_IN;
    in->c.logged_in = 1;
    in->c.is_guest_login |= in->login.guest;
}

/*
 * "# ", "root@host# ", "[root@host dir]# ", "host# ", "bash-2.03# ": one word, or brackets, with a
 * number sign at the end. A comment line in the output is no prompt, because it is complete before
 * the client types.
 */
static bool is_root_prompt(struct gad_span s)
{
    s = gad_span_trim(s);
    if (s.len == 0 || s.len > PROMPT_MAX || s.p[s.len - 1] != '#')
        return false;
    struct gad_span rest = s, word = gad_span_token(&rest);
    return rest.len == 0 || gad_span_starts(word, "root@") || gad_span_starts(word, "[root@");
}

static void root_prompt_seen(struct gad_inspect *in)
{
    in->login.root_prompt = true;
    in->c.root_shell = 1;
    if (in->login.su)
        in->c.su_attempted = 2;
}

/* The client starts to type: the server's unfinished line is the prompt. */
static void inspect_prompt(struct gad_inspect *in)
{
    struct gad_login *l = &in->login;
    const struct gad_inspect_line *shown = &in->line[GAD_SERVER];

    l->asked = true;
    l->secret = false;
    l->root_prompt = false;
    if (shown->lost)
        return;
    struct gad_span s =
        shown->taken ? (struct gad_span){0} : gad_span_trim(gad_inspect_line_span(shown));
    if (gad_span_ends_any(s, secret_prompts)) {
        if (l->stage == GAD_LOGIN_IN)
            l->secret = true;
        else
            l->stage = GAD_LOGIN_SECRET;
    } else if (l->stage == GAD_LOGIN_IN ? gad_span_ends(s, "login:")
                                        : gad_span_ends_any(s, name_prompts)) {
        l->stage = GAD_LOGIN_NAME;
    } else if (l->stage == GAD_LOGIN_WAIT && l->answered) {
        enter(in);
    }
    if (l->stage != GAD_LOGIN_IN || l->secret)
        return;
    if (is_root_prompt(s))
        root_prompt_seen(in);
    l->su = false; /* granted or refused */
}

static void take_name(struct gad_inspect *in, struct gad_span name)
{
    in->login.stage = GAD_LOGIN_WAIT;
    in->login.guest = gad_shell_is_guest(name);
    if (in->login.guest)
        gad_count(&in->c.hot);
}

static void client_line(struct gad_inspect *in, struct gad_span s)
{
    struct gad_login *l = &in->login;
    bool secret = l->secret;

    l->new_file = false;
    l->asked = false;
    l->answered = false;
    if (l->stage == GAD_LOGIN_NAME) {
        take_name(in, s);
    } else if (l->stage == GAD_LOGIN_SECRET) {
        l->stage = GAD_LOGIN_WAIT;
    } else if (l->stage == GAD_LOGIN_IN && !secret) {
        if (l->root_prompt)
            gad_count(&in->c.num_root);
        if (s.len > 0 && gad_shell_command(s, &in->c)) {
            l->su = true;
            in->c.su_attempted |= in->c.su_attempted == 0;
        }
    }
}

static bool is_failure(const struct gad_login *l, struct gad_span s)
{
    if (gad_span_has(s, "Login incorrect"))
        return true;
    return l->stage == GAD_LOGIN_WAIT && gad_span_has_any_nocase(s, failures) &&
           !gad_span_has_any_nocase(s, not_failures);
}

static void server_line(struct gad_inspect *in, struct gad_span s)
{
    struct gad_login *l = &in->login;

    if (is_failure(l, s)) {
        gad_count(&in->c.num_failed_logins);
        if (l->stage != GAD_LOGIN_IN)
            l->stage = GAD_LOGIN_START;
        return;
    }
    if (l->stage == GAD_LOGIN_WAIT && gad_span_has_any_nocase(s, successes))
        enter(in);
    if (l->stage != GAD_LOGIN_IN)
        return;
    if (gad_span_has_nocase(s, "not found"))
        gad_count(&in->c.num_compromised);
    if (gad_span_has_nocase(s, "jumping to address")) {
        gad_count(&in->c.num_compromised);
        gad_count(&in->c.hot);
    }
    if (!l->new_file && gad_span_has_nocase(s, "[new file]")) {
        l->new_file = true;
        gad_count(&in->c.num_file_creations);
    }
}

static void data_byte(struct gad_inspect *in, enum gad_way way, uint8_t b)
{
    struct gad_inspect_line *line = &in->line[way];

    if (way == GAD_CLIENT && !in->login.asked && !(line->cr && (b == '\n' || b == 0)))
        inspect_prompt(in);
    if (way == GAD_SERVER && b > ' ' && b < 0x7f)
        in->login.answered = true;
    if (!gad_inspect_line_typed(line, b))
        return;
    struct gad_span s = line->lost ? (struct gad_span){0} : gad_inspect_line_span(line);
    if (way == GAD_CLIENT)
        client_line(in, s);
    else
        server_line(in, s);
}

static void session_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len,
                          enum gad_terminal_kind kind)
{
    for (size_t i = 0; i < len; i++)
        if (gad_terminal_byte(&in->login.terminal[way], kind, p[i]))
            data_byte(in, way, p[i]);
}

static void telnet_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len)
{
    session_bytes(in, way, p, len, GAD_TERMINAL_TELNET);
}

static void session_gap(struct gad_inspect *in, enum gad_way way)
{
    in->login.terminal[way] = (struct gad_terminal){0};
}

/* A part of the session was inspected before. */
static void session_start(struct gad_inspect *in)
{
    if (!in->c.logged_in)
        return;
    in->login.stage = GAD_LOGIN_IN;
    in->login.handshake = RLOGIN_HANDSHAKE;
}

const struct gad_scanner gad_scan_telnet = {
    .start = session_start, .bytes = telnet_bytes, .gap = session_gap};

/*
 * RFC 1282: the client starts with NUL, its user, NUL, the user on the server, NUL, terminal and
 * speed, NUL. Server output before that is complete cannot be a prompt.
 */
static size_t rlogin_handshake(struct gad_inspect *in, const uint8_t *p, size_t len)
{
    struct gad_inspect_line *line = &in->line[GAD_CLIENT];
    size_t i = 0;

    for (; i < len && in->login.handshake < RLOGIN_HANDSHAKE; i++) {
        if (p[i] != 0) {
            (void)gad_inspect_line_typed(line, p[i]);
            continue;
        }
        if (in->login.handshake == RLOGIN_SERVER_USER && !line->lost)
            take_name(in, gad_inspect_line_span(line));
        line->len = 0;
        line->taken = true;
        in->login.handshake++;
    }
    return i;
}

static void rlogin_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len)
{
    size_t used = way == GAD_CLIENT ? rlogin_handshake(in, p, len) : 0;
    session_bytes(in, way, p + used, len - used, GAD_TERMINAL_RLOGIN);
}

const struct gad_scanner gad_scan_rlogin = {
    .start = session_start, .bytes = rlogin_bytes, .gap = session_gap};
