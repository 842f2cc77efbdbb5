/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Scripts of telnet and FTP, which sessions and attacks share. */

#include "tools/ganad-traffic/session.h"

/* A terminal session: negotiation, login, commands typed key by key, and the content columns that
 * KDD99 counts. */

struct telnet {
    struct session *s;
    struct conn *c;
    bool at_root; /* at a prompt of root */
};

/* Negotiates options and shows the banner, up to "login: ". */
void telnet_open(struct telnet *t, struct session *s, const struct endpoint *client,
                 const struct endpoint *server);

/* Sends name and password; ends at the prompt of a shell, or at "login: " again. */
void telnet_login(struct telnet *t, const char *name, const char *password, bool right);

/* A command, its output of text and @fill bytes of filler, and the prompt. */
void telnet_command(struct telnet *t, const char *command, const char *output, size_t fill);

/* Adds n to a content column. */
void telnet_counts(struct telnet *t, enum truth_content what, int16_t n);

/* A random command that no column counts. */
void telnet_any_command(struct telnet *t);

/* su, with or without the right password. */
void telnet_su(struct telnet *t, bool right);

/* A program that gives a shell of root. */
void telnet_become_root(struct telnet *t, const char *command);

void telnet_exit(struct telnet *t);

/*
 * The dialogue of FTP (RFC 959) and its data connections, active or passive, which are separate
 * connections. hot counts transfers and listings, num_file_creations uploads and directories, as in
 * the KDD99 data.
 */

struct ftp {
    struct session *s;
    struct conn *control;
    struct endpoint client, server;
    bool passive;
};

/* The greeting; USER and PASS with the answer of the server. */
void ftp_open(struct ftp *f, struct session *s, const struct endpoint *client,
              const struct endpoint *server);
void ftp_login(struct ftp *f, const char *name, const char *password, bool right);

/* A command and its reply, without data. */
void ftp_command(struct ftp *f, const char *command, const char *reply);

enum ftp_transfer { FTP_LIST, FTP_FETCH, FTP_STORE };
void ftp_transfer(struct ftp *f, enum ftp_transfer what, const char *name, uint32_t bytes);

void ftp_quit(struct ftp *f);
