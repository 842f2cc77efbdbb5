/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The dialogue of FTP (RFC 959) and its data connections, active or passive, which are connections of their own.
 * hot counts transfers and listings, num_file_creations uploads and directories, as the KDD99 data do.
 */

#include "tools/ganad-traffic/session.h"

struct ftp {
    struct session *s;
    struct conn *control;
    struct endpoint client, server;
    bool passive;
};

/* Greeting, USER and PASS with the server's verdict. */
void ftp_open(struct ftp *f, struct session *s, const struct endpoint *client,
              const struct endpoint *server);
void ftp_login(struct ftp *f, const char *name, const char *password, bool right);

/* A command and its reply, without data. */
void ftp_command(struct ftp *f, const char *command, const char *reply);

enum ftp_transfer { FTP_LIST, FTP_FETCH, FTP_STORE };
void ftp_transfer(struct ftp *f, enum ftp_transfer what, const char *name, uint32_t bytes);

void ftp_quit(struct ftp *f);
