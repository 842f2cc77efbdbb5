/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services of which only the text is looked at, and those of which only the number of ways is.
 *
 * Text, the data connections of FTP above all, also where they are on a port of their own (D: service other has what
 * ftp_data has): lib/inspect/shell.h (D, ftp_data: num_root in 511 rows, 1 to 9, by the size of the listing one for
 * each of its lines that root owns; num_file_creations in 63, num_access_files in 22). A direction that shows a NUL in
 * a line is binary, and done with: what looks like words there is chance.
 *
 * logged_in: payload both ways (D: domain, gopher, ssh, IRC, X11, private; not finger, time). Of ftp_data it is
 * the control connection's (D: 3,676 of 4,721 rows), which the caller knows.
 * hot, num_shells, root_shell of ftp_data (D: 52, 42 and 3 rows) do not follow from any rule that is known: 0.
 *
 * IRC and finger (D: 39 and 459 rows with payload both ways): no count but in one row, though people fingered root (G
 * would count these).
 */
#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

static void text_line(struct gad_inspect *in, enum gad_way way, struct gad_span s)
{
    if (in->line[way].has_binary)
        in->done[way] = true;
    else
        gad_shell_text(s, &in->c);
}

static void nothing_to_learn(struct gad_inspect *in)
{
    gad_inspect_done(in);
}

const struct gad_scanner gad_scan_text = {.line = text_line, .both_ways_is_login = true};
const struct gad_scanner gad_scan_ftp_data = {.line = text_line};
const struct gad_scanner gad_scan_both_ways = {.start = nothing_to_learn,
                                               .both_ways_is_login = true};
const struct gad_scanner gad_scan_none = {.start = nothing_to_learn};
