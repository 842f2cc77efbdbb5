/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What KDD99 counts in the lines of a shell, in text that any service carries, and in names of
 * files.
 *
 * The original extractor was never published. Each rule is based on one of: D, the KDD99 rows; G,
 * gureKDD's expressions; B, Bro's policy scripts; L, Lee and Stolfo's one-line descriptions.
 *
 * In some places G counts what most normal sessions do and D does not. There the rule follows D. Of
 * 203 normal telnet rows in D:
 *
 *     hot                9 rows; G: `mail`, `man`, `more`, `vi`, `sh`, `cd` anywhere in a line
 *     num_access_files   8 rows; G: `vi `, `rm `
 *     num_shells         0 rows; G: "Last login:"
 */

#include "lib/inspect/content.h"
#include "lib/inspect/match.h"

/**
 * gad_shell_command() - inspects a line that was typed into a shell, after its editing
 *
 *     hot:                ./PROGRAM and /tmp/DIGIT at its start (G); gcc, g++, cc (G); a.out (G);
 *                         cd to a directory of the system (L, G narrowed by D); what intruders of
 *                         the time typed (B, edited down to those years)
 *     num_file_creations: cp, mv, cat >, and the compilers (G)
 *     num_access_files:   a file of accounts or of access control among the words (D: phf and
 *                         ftp_write)
 *     num_shells:         a shell started by hand (L; D: only in attacks that start one, never at a
 *                         login)
 *
 * Each of the commands that ; | & separate is inspected; hot and num_shells count once a line.
 *
 * Return: whether it asks for root's shell: su, su -, su root, su - root (L, G).
 */
bool gad_shell_command(struct gad_span line, struct gad_content *c);

/**
 * gad_shell_text() - inspects a line of a text that a service carries: a file, a mail, a listing
 *
 *     num_root:           the word root (D: ftp_data, one for each line of a listing that root
 *                         owns)
 *     num_file_creations: cp, mv, cat > (D: smtp, ftp_data; G)
 *     num_access_files:   a file of accounts or of access control, by its path (D: smtp, ftp_data)
 */
void gad_shell_text(struct gad_span line, struct gad_content *c);

/* Does s contain a path to a file of accounts or access control: /etc/passwd, .rhosts ...? */
bool gad_shell_has_access_path(struct gad_span s);

/* Is s the name or the path of such a file: passwd, pub/.rhosts ...? */
bool gad_shell_is_access_file(struct gad_span s);

/* Does the name contain guest, anonymous or visitor, or is it an e-mail address (G)? nocase. */
bool gad_shell_is_guest(struct gad_span name);
