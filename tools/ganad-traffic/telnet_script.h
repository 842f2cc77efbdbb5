/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A terminal session on a server: negotiation, login, commands typed key by key, and what of it KDD99 counts. */

#include "tools/ganad-traffic/session.h"

struct telnet {
    struct session *s;
    struct conn *c;
    bool at_root; /* the prompt is root's */
};

/* Options and the banner, up to "login: ". */
void telnet_open(struct telnet *t, struct session *s, const struct endpoint *client,
                 const struct endpoint *server);

/* Name and password; ends at the prompt of a shell, or at "login: " again. */
void telnet_login(struct telnet *t, const char *name, const char *password, bool right);

/* A line at the prompt, its output of text and filler, and the prompt again. */
void telnet_command(struct telnet *t, const char *command, const char *output, size_t fill);

/* What it counts for; times the number. */
void telnet_counts(struct telnet *t, enum truth_content what, int16_t n);

/* A command, one of many, that counts for nothing. */
void telnet_any_command(struct telnet *t);

/* su with root's password. */
void telnet_su(struct telnet *t, bool right);

/* A program that ends in root's shell. */
void telnet_become_root(struct telnet *t, const char *command);

void telnet_exit(struct telnet *t);
