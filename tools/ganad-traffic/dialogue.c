/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/dialogue.h"

#include <stdio.h>
#include <string.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp.h"
#include "tools/ganad-traffic/world.h"

/* --- telnet --- */

static void prompt(struct telnet *t)
{
    tcp_say(t->s, t->c, RESP, t->at_root ? "# " : "unix$ ");
}

void telnet_counts(struct telnet *t, enum truth_content what, int16_t n)
{
    t->c->truth.content[what] = (int16_t)(t->c->truth.content[what] + n);
}

void telnet_open(struct telnet *t, struct session *s, const struct endpoint *client,
                 const struct endpoint *server)
{
    /* RFC 854: IAC DO terminal type; IAC WILL terminal type; IAC WILL echo, suppress go ahead; IAC
     * DO both */
    static const uint8_t ask[] = {255, 253, 24}, will[] = {255, 251, 24};
    static const uint8_t echo[] = {255, 251, 1, 255, 251, 3}, yes[] = {255, 253, 1, 255, 253, 3};

    *t = (struct telnet){.s = s, .c = tcp_open(s, client, server)};
    t->c->truth.content[TRUTH_LOGGED_IN] = 0;
    tcp_send(s, t->c, RESP, ask, sizeof(ask), 0, TCP_TEXT);
    tcp_send(s, t->c, ORIG, will, sizeof(will), 0, TCP_TEXT);
    tcp_send(s, t->c, RESP, echo, sizeof(echo), 0, TCP_TEXT);
    tcp_send(s, t->c, ORIG, yes, sizeof(yes), 0, TCP_TEXT);
    session_think(s, 30000);
    tcp_say(s, t->c, RESP, "\r\n\r\nUNIX(r) System V Release 4.0 (pascal)\r\n\r\nlogin: ");
}

void telnet_login(struct telnet *t, const char *name, const char *password, bool right)
{
    struct session *s = t->s;
    bool guest = strcmp(name, "guest") == 0;

    tcp_type(s, t->c, name, true);
    tcp_say(s, t->c, RESP, "Password: ");
    tcp_type(s, t->c, password, false);
    session_think(s, 200000);
    telnet_counts(t, TRUTH_HOT, guest); /* as in the KDD99 rows of guess_passwd */
    if (!right) {
        tcp_say(s, t->c, RESP, "Login incorrect\r\nlogin: ");
        telnet_counts(t, TRUTH_FAILED_LOGINS, 1);
        return;
    }
    uint32_t minute = gad_rng_below(&s->rng, 60), pc = gad_rng_below(&s->rng, 100);
    tcp_say(s, t->c, RESP, "Last login: Mon Jun  1 09:%02u:11 from pc%u\r\n", minute, pc);
    t->c->truth.content[TRUTH_LOGGED_IN] = 1;
    t->c->truth.content[TRUTH_GUEST] = guest;
    prompt(t);
}

static void line(struct telnet *t, const char *command)
{
    session_think(t->s, 1500000);
    telnet_counts(t, TRUTH_ROOT, t->at_root);
    tcp_type(t->s, t->c, command, true);
}

void telnet_command(struct telnet *t, const char *command, const char *output, size_t fill)
{
    line(t, command);
    session_think(t->s, 20000);
    if (*output)
        tcp_say(t->s, t->c, RESP, "%s", output);
    if (fill) {
        tcp_send(t->s, t->c, RESP, "", 0, fill, TCP_TEXT);
        tcp_say(t->s, t->c, RESP, "\r\n");
    }
    prompt(t);
}

void telnet_any_command(struct telnet *t)
{
    static const char *const commands[] = {
        "ls -l",        "pwd", "date",    "w",        "ps -f",           "cd project",
        "more report1", "lpq", "vi plan", "make all", "grep dolor notes"};
    const char *command = draw_pick(&t->s->rng, commands);
    telnet_command(t, command, "", draw_between(&t->s->rng, 20, 1800));
}

void telnet_su(struct telnet *t, bool right)
{
    line(t, "su");
    tcp_say(t->s, t->c, RESP, "Password: ");
    tcp_type(t->s, t->c, "t0psecret", false);
    session_think(t->s, 100000);
    t->at_root = right;
    if (!right)
        tcp_say(t->s, t->c, RESP, "su: Authentication token manipulation error\r\n");
    t->c->truth.content[TRUTH_SU_ATTEMPTED] = right ? 2 : 1;
    t->c->truth.content[TRUTH_ROOT_SHELL] |= right;
    prompt(t);
}

void telnet_become_root(struct telnet *t, const char *command)
{
    line(t, command);
    session_think(t->s, 300000);
    t->at_root = true;
    t->c->truth.content[TRUTH_ROOT_SHELL] = 1;
    prompt(t);
}

void telnet_exit(struct telnet *t)
{
    if (t->at_root) {
        line(t, "exit");
        t->at_root = false;
        prompt(t);
    }
    line(t, "exit");
    tcp_say(t->s, t->c, RESP, "logout\r\n");
    tcp_close(t->s, t->c, RESP);
}

/* --- FTP --- */

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

/* PORT or PASV; returns the two ends of the data connection. */
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
    d->truth.service = "ftp_data"; /* the control connection announced it */
    d->truth.content[TRUTH_LOGGED_IN] = 1;
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
