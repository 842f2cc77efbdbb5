/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rsh: the client sends a port, its user, the user on the server and a command, each ended by NUL.
 * The server sends NUL if it runs the command, else 1 and a line with the reason.
 *
 * The command counts when the server runs it: lib/inspect/shell.h.
 *
 *     num_root:          the user on the server is root (G)
 *     num_failed_logins: the server refused the user (L)
 *     logged_in:         0 (D: the one row whose server answered NUL)
 */
#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

enum { SERVER_USER = 2, COMMAND = 3, N_FIELDS = 4 };

static void field_ended(struct gad_inspect *in)
{
    struct gad_inspect_line *line = &in->line[GAD_CLIENT];
    struct gad_span s = gad_inspect_line_span(line);

    if (in->rsh.n_fields == SERVER_USER)
        in->rsh.root = !line->lost && gad_span_has_nocase(s, "root");
    in->rsh.n_fields++;
    if (in->rsh.n_fields == N_FIELDS)
        return; /* keep the line until the server has decided */
    line->len = 0;
    line->lost = false;
}

static void judge(struct gad_inspect *in)
{
    const struct gad_inspect_line *line = &in->line[GAD_CLIENT];

    if (!in->rsh.accepted || in->rsh.n_fields < N_FIELDS)
        return;
    if (!line->lost)
        (void)gad_shell_command(gad_inspect_line_span(line), &in->c);
    if (in->rsh.root)
        gad_count(&in->c.num_root);
    gad_inspect_done(in);
}

static void client_byte(struct gad_inspect *in, uint8_t b)
{
    struct gad_inspect_line *line = &in->line[GAD_CLIENT];

    if (in->rsh.n_fields == N_FIELDS)
        return;
    if (b == 0)
        field_ended(in);
    else if (!line->lost && line->len < GAD_INSPECT_LINE)
        line->buf[line->len++] = b;
}

static void server_byte(struct gad_inspect *in, uint8_t b)
{
    struct gad_inspect_line *line = &in->line[GAD_SERVER];

    if (!in->rsh.accepted && !in->rsh.refused) {
        in->rsh.accepted = b == 0;
        in->rsh.refused = b != 0;
        return;
    }
    if (!in->rsh.refused || !gad_inspect_line_typed(line, b))
        return;
    struct gad_span s = gad_inspect_line_span(line);
    if (gad_span_has_nocase(s, "denied") || gad_span_has_nocase(s, "incorrect"))
        gad_count(&in->c.num_failed_logins);
    gad_inspect_done(in);
}

static void rsh_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len && !in->done[way]; i++) {
        if (way == GAD_CLIENT)
            client_byte(in, p[i]);
        else
            server_byte(in, p[i]);
        judge(in);
    }
}

/* It is not known whether the gap hit the inside or the end of a field. */
static void rsh_gap(struct gad_inspect *in, enum gad_way way)
{
    (void)way;
    gad_inspect_done(in);
}

const struct gad_scanner gad_scan_rsh = {.bytes = rsh_bytes, .gap = rsh_gap};
