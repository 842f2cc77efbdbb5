/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/ftp_script.h"

#include <stdio.h>
#include <string.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/sessions.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/users.h"
#include "tools/ganad-traffic/world.h"

void ftp_open(struct ftp *f, struct session *s, const struct endpoint *client,
              const struct endpoint *server)
{
    *f = (struct ftp){.s = s, .client = *client, .server = *server};
    f->server.port = 21;
    f->passive = draw_chance(&s->rng, 1, 3);
    f->control = tcp_open(s, &f->client, &f->server);
    session_think(s, 20000);
    tcp_say(s, f->control, RESP, "220 FTP server (Version 6.4) ready.\r\n");
}

void ftp_command(struct ftp *f, const char *command, const char *reply)
{
    tcp_say(f->s, f->control, ORIG, "%s\r\n", command);
    tcp_say(f->s, f->control, RESP, "%s\r\n", reply);
}

void ftp_login(struct ftp *f, const char *name, const char *password, bool right)
{
    static const char *const guests[] = {"anonymous", "ftp", "guest"};
    int16_t *content = f->control->truth.content;
    char command[80];

    (void)snprintf(command, sizeof(command), "USER %s", name);
    ftp_command(f, command, "331 Password required.");
    (void)snprintf(command, sizeof(command), "PASS %s", password);
    session_think(f->s, 30000);
    ftp_command(f, command, right ? "230 User logged in." : "530 Login incorrect.");
    if (right)
        content[TRUTH_LOGGED_IN] = 1;
    else
        content[TRUTH_FAILED_LOGINS]++;
    for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
        if (right && strcmp(name, guests[i]) == 0)
            content[TRUTH_GUEST] = 1;
}

/* Says where the data connection goes, and gives its two ends. */
static void arrange(struct ftp *f, struct endpoint *orig, struct endpoint *resp)
{
    const uint8_t *a = f->passive ? f->server.addr : f->client.addr;
    struct endpoint *listener = f->passive ? &f->server : &f->client;
    uint16_t port = world_port(f->s->world, listener);
    char where[40], text[80];

    (void)snprintf(where, sizeof(where), "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2], a[3], port >> 8,
                   port & 255);
    (void)snprintf(text, sizeof(text), f->passive ? "227 Entering Passive Mode (%s)." : "PORT %s",
                   where);
    if (f->passive) {
        ftp_command(f, "PASV", text);
        *orig = f->client;
        *resp = f->server;
        orig->port = world_port(f->s->world, orig);
    } else {
        ftp_command(f, text, "200 PORT command successful.");
        *orig = f->server;
        *resp = f->client;
        orig->port = 20;
    }
    resp->port = port;
}

void ftp_transfer(struct ftp *f, enum ftp_transfer what, const char *name, uint32_t bytes)
{
    static const char *const verbs[] = {"LIST", "RETR", "STOR"};
    enum side client = f->passive ? ORIG : RESP;
    enum side sender = what == FTP_STORE ? client : other(client);
    struct endpoint orig, resp;
    struct session *s = f->s;

    arrange(f, &orig, &resp);
    tcp_say(s, f->control, ORIG, "%s %s\r\n", verbs[what], name);
    tcp_say(s, f->control, RESP, "150 Opening %s mode data connection.\r\n",
            what == FTP_LIST ? "ASCII" : "BINARY");
    session_wait(s, 300);
    struct conn *d = tcp_open(s, &orig, &resp);
    tcp_send(s, d, sender, "", 0, bytes, what == FTP_LIST ? TCP_TEXT : TCP_BINARY);
    tcp_close(s, d, sender);
    /* Of a passive one the ports do not tell that it is FTP's. */
    d->truth.content[TRUTH_LOGGED_IN] = f->passive ? TRUTH_UNKNOWN : 1;
    session_wait(s, 500);
    tcp_say(s, f->control, RESP, "226 Transfer complete.\r\n");
    f->control->truth.content[TRUTH_HOT]++;
    if (what == FTP_STORE)
        f->control->truth.content[TRUTH_FILE_CREATIONS]++;
}

void ftp_quit(struct ftp *f)
{
    ftp_command(f, "QUIT", "221 Goodbye.");
    tcp_close(f->s, f->control, draw_chance(&f->s->rng, 1, 4) ? ORIG : RESP);
}

static const uint32_t file_bytes[DRAW_QUANTILES] = {60,    400,   1500,   5000,   12000,
                                                    30000, 60000, 150000, 1500000};

void session_ftp(struct session *s)
{
    struct endpoint client, server;
    struct ftp f;
    bool guest = draw_chance(&s->rng, 2, 5), wrong = !guest && draw_chance(&s->rng, 1, 8);
    const struct user *u = user_any(&s->rng);
    char name[32];

    world_pair(s, 21, WORLD_IPV4, &client, &server);
    ftp_open(&f, s, &client, &server);
    if (wrong)
        ftp_login(&f, u->name, "qwerty", false);
    ftp_login(&f, guest ? "anonymous" : u->name, guest ? "mozilla@example.com" : u->password, true);
    ftp_command(&f, "TYPE I", "200 Type set to I.");
    if (draw_chance(&s->rng, 1, 2))
        ftp_command(&f, "CWD pub", "250 CWD command successful.");
    ftp_transfer(&f, FTP_LIST, "-l", draw_between(&s->rng, 200, 3000));
    for (uint32_t n = gad_rng_below(&s->rng, 4), i = 0; i < n; i++) {
        session_think(s, 1500000);
        bool store = !guest && draw_chance(&s->rng, 1, 4);
        (void)snprintf(name, sizeof(name), "file%04u.bin", gad_rng_below(&s->rng, 10000));
        ftp_transfer(&f, store ? FTP_STORE : FTP_FETCH, name, draw_quantile(&s->rng, file_bytes));
    }
    ftp_quit(&f);
}
