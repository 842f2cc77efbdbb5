/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POP3 (RFC 1939) and IMAP (RFC 3501): the login, and nothing after it.
 *
 * logged_in:                 the server accepted (D: pop_3 79 of 80 rows with payload both ways;
 *                            imap4 1 of 3)
 * num_failed_logins:         the server refused PASS, APOP, AUTH (RFC 5034), LOGIN or AUTHENTICATE
 *                            (L; not in D)
 * num_root, num_compromised: POP3 login as a user whose name contains "root", one each (G; D: both,
 *                            in 2 rows of pop_3 and in all 4 of auth)
 *
 * Fetched mail is not inspected (D: no counts in 77 of 79 rows of pop_3).
 */
#include <string.h>

#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

enum pending { NOTHING, LOGIN, TLS };

static void verdict(struct gad_inspect *in, bool good)
{
    unsigned pending = in->mail.pending;

    in->mail.pending = NOTHING;
    if (pending == TLS && good) {
        gad_inspect_done(in);
    } else if (pending == LOGIN && good) {
        in->c.logged_in = 1;
        gad_inspect_done(in);
    } else if (pending == LOGIN) {
        gad_count(&in->c.num_failed_logins);
    }
    if (pending == LOGIN && in->mail.root) {
        gad_count(&in->c.num_root);
        gad_count(&in->c.num_compromised);
    }
}

static void pop3_line(struct gad_inspect *in, enum gad_way way, struct gad_span s)
{
    struct gad_span word = gad_span_token(&s);

    if (way == GAD_SERVER) {
        if (gad_span_is(word, "+OK") || gad_span_is(word, "-ERR"))
            verdict(in, *word.p == '+');
        in->mail.answering = in->mail.pending == LOGIN && gad_span_is(word, "+");
        return;
    }
    if (in->mail.answering && !gad_span_is(word, "*"))
        return;
    if (gad_span_is(word, "USER") || gad_span_is(word, "APOP"))
        in->mail.root = gad_span_has_nocase(gad_span_token(&s), "root");
    bool sasl = gad_span_is(word, "AUTH") && gad_span_trim(s).len > 0; /* else a list */
    in->mail.pending = sasl || gad_span_is(word, "PASS") || gad_span_is(word, "APOP") ? LOGIN
                       : gad_span_is(word, "STLS")                                    ? TLS
                                                                                      : NOTHING;
}

static void imap_command(struct gad_inspect *in, struct gad_span s)
{
    struct gad_span tag = gad_span_token(&s), word = gad_span_token(&s);
    unsigned pending = gad_span_is(word, "LOGIN") || gad_span_is(word, "AUTHENTICATE") ? LOGIN
                       : gad_span_is(word, "STARTTLS")                                 ? TLS
                                                                                       : NOTHING;
    if (pending == NOTHING || tag.len > sizeof(in->mail.tag))
        return;
    in->mail.pending = (uint8_t)pending;
    in->mail.tag_len = (uint8_t)tag.len;
    memcpy(in->mail.tag, tag.p, tag.len);
}

/* Only the line with the command's tag is its answer. */
static void imap_line(struct gad_inspect *in, enum gad_way way, struct gad_span s)
{
    if (way == GAD_CLIENT) {
        imap_command(in, s);
        return;
    }
    struct gad_span tag = gad_span_token(&s), word = gad_span_token(&s);
    if (tag.len != in->mail.tag_len || memcmp(tag.p, in->mail.tag, tag.len) != 0)
        return;
    if (gad_span_is(word, "OK") || gad_span_is(word, "NO"))
        verdict(in, gad_span_is(word, "OK"));
    else
        in->mail.pending = NOTHING; /* BAD */
}

static void mail_gap(struct gad_inspect *in, enum gad_way way)
{
    (void)way;
    in->mail = (struct gad_mail){0};
}

const struct gad_scanner gad_scan_pop3 = {.line = pop3_line, .gap = mail_gap};
const struct gad_scanner gad_scan_imap = {.line = imap_line, .gap = mail_gap};

/*
 * Ident (RFC 1413): "PORTS : USERID : SYSTEM : NAME".
 *
 *     logged_in:                 the server named a user (D: 165 of 220 rows with payload both
 *                                ways)
 *     num_root, num_compromised: the user is root (D: all 4 rows of 14 and 37 bytes, the length of
 *                                a reply with that name, and no other row; G)
 */
static void auth_line(struct gad_inspect *in, enum gad_way way, struct gad_span s)
{
    if (way == GAD_CLIENT || !gad_span_has_nocase(s, "userid"))
        return;
    in->c.logged_in = 1;
    const char *colon = memrchr(s.p, ':', s.len);
    size_t skip = colon ? (size_t)(colon + 1 - s.p) : s.len;
    struct gad_span name = {.p = s.p + skip, .len = s.len - skip};
    if (!gad_span_is(gad_span_trim(name), "root"))
        return;
    gad_count(&in->c.num_root);
    gad_count(&in->c.num_compromised);
}

const struct gad_scanner gad_scan_auth = {.line = auth_line};

/*
 * SMTP: the bodies of mails, line by line, without their headers (D: num_root in 33 of 9723 rows;
 * headers contain root far more often).
 *
 *     num_root, num_file_creations, num_access_files: lib/inspect/shell.h
 *                   (D: 33, 147 and 94 rows)
 *     su_attempted: "su root" or "su - root" (D: 2 rows; L)
 *     logged_in:    payload both ways (D: 9,569 of 9,571), but 0 if AUTH was refused and neither a
 *                   later AUTH nor a mail was accepted
 *     num_failed_logins: 535 to AUTH (RFC 4954)
 */
static const char *const su_root[] = {"su root", "su - root", NULL};

static void body_line(struct gad_inspect *in, struct gad_span s)
{
    if (s.len == 1 && *s.p == '.') {
        in->smtp.in_data = false;
        in->smtp.in_body = false;
    } else if (!in->smtp.in_body) {
        in->smtp.in_body = s.len == 0;
    } else {
        gad_shell_text(s, &in->c);
        in->c.su_attempted |= gad_span_has_any(s, su_root);
    }
}

static void client_line(struct gad_inspect *in, struct gad_span s)
{
    struct gad_span verb = gad_span_token(&s);
    if (in->smtp.auth_asked)
        return; /* an answer to a challenge */
    in->smtp.auth_asked = gad_span_is(verb, "AUTH");
    in->smtp.accepted |= gad_span_is(verb, "BDAT");
    in->smtp.data_asked = gad_span_is(verb, "DATA");
    in->smtp.tls_asked = gad_span_is(verb, "STARTTLS");
}

static void auth_answered(struct gad_inspect *in, struct gad_span s)
{
    if (gad_span_starts(s, "334"))
        return; /* a challenge */
    in->smtp.auth_asked = false;
    in->smtp.accepted |= gad_span_starts(s, "235");
    if (!gad_span_starts(s, "535"))
        return;
    in->smtp.refused = true;
    gad_count(&in->c.num_failed_logins);
}

static void server_line(struct gad_inspect *in, struct gad_span s)
{
    if (in->smtp.auth_asked)
        auth_answered(in, s);
    if (in->smtp.data_asked && gad_span_starts(s, "354"))
        in->smtp.in_data = in->smtp.accepted = true;
    else if (in->smtp.tls_asked && gad_span_starts(s, "220"))
        gad_inspect_done(in);
    in->smtp.data_asked = false;
    in->smtp.tls_asked = false;
}

static void smtp_line(struct gad_inspect *in, enum gad_way way, struct gad_span s)
{
    if (way == GAD_SERVER)
        server_line(in, s);
    else if (in->smtp.in_data)
        body_line(in, s);
    else
        client_line(in, s);
}

static void smtp_result(const struct gad_inspect *in, struct gad_content *ret)
{
    if (in->smtp.refused && !in->smtp.accepted)
        ret->logged_in = 0;
}

static void smtp_gap(struct gad_inspect *in, enum gad_way way)
{
    (void)way;
    in->smtp.auth_asked = false;
    in->smtp.accepted = true; /* it is not known what was lost */
}

const struct gad_scanner gad_scan_smtp = {
    .line = smtp_line, .gap = smtp_gap, .result = smtp_result, .both_ways_is_login = true};
