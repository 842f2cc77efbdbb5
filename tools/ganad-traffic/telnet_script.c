/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/telnet_script.h"

#include <string.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"

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
    /* RFC 854: IAC DO terminal type; IAC WILL it; IAC WILL echo, suppress go ahead; IAC DO both */
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
    telnet_counts(t, TRUTH_HOT, guest); /* as the KDD99 rows of guess_passwd have it */
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
