/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMTP: the bodies of mails, line by line, their headers passed over (D: num_root in 33 of 9723 rows; headers name root
 * far oftener).
 *
 * num_root, num_file_creations, num_access_files: lib/inspect/shell.h (D: 33, 147 and 94 rows)
 * su_attempted: "su root" or "su - root" (D: 2 rows; L)
 * logged_in:    payload both ways (D: 9,569 of 9,571)
 */
#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

static const char *const su_root[] = {"su root", "su - root", NULL};

static void body_line(struct gad_inspect *in, struct gad_span s)
{
    if (s.len == 1 && *s.p == '.') {
        in->smtp = (struct gad_smtp){0};
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
    in->smtp.data_asked = gad_span_is(verb, "DATA");
    in->smtp.tls_asked = gad_span_is(verb, "STARTTLS");
}

static void server_line(struct gad_inspect *in, struct gad_span s)
{
    if (in->smtp.data_asked && gad_span_starts(s, "354"))
        in->smtp.in_data = true;
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

const struct gad_scanner gad_scan_smtp = {.line = smtp_line, .both_ways_is_login = true};
