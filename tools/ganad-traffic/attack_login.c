/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <stdio.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/ftp_script.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/telnet_script.h"
#include "tools/ganad-traffic/users.h"
#include "tools/ganad-traffic/world.h"

/* Into accounts, and out of them with more than they had. */

static void come(struct session *s, struct campaign *a, uint16_t port)
{
    if (a->step == 0)
        world_inside_server(s, port, &a->victim);
    a->victim.port = port;
    a->attacker.port = world_port(s->world, &a->attacker);
}

/* Rows: telnet, once or five times wrong, mostly reset by the guesser; one over FTP. */
void attack_guess_passwd(struct session *s, struct campaign *a)
{
    static const char *const guesses[] = {"guest", "secret", "12345", "password", "letmein"};
    struct telnet t;
    struct ftp f;

    const char *guess = draw_pick(&s->rng, guesses);
    const struct user *u = user_any(&s->rng);
    if (a->step % 8 == 7) {
        come(s, a, 21);
        ftp_open(&f, s, &a->attacker, &a->victim);
        ftp_login(&f, u->name, guess, false);
        ftp_quit(&f);
        return;
    }
    come(s, a, 23);
    telnet_open(&t, s, &a->attacker, &a->victim);
    bool patient = draw_chance(&s->rng, 1, 8);
    for (uint32_t i = 0; i < (patient ? 5u : 1u); i++)
        telnet_login(&t, patient ? u->name : "guest", guess, false);
    if (patient)
        tcp_close(s, t.c, RESP);
    else
        tcp_reset(s, t.c, ORIG);
}

/* As nobody in particular, for what others left there. */
void attack_warezclient(struct session *s, struct campaign *a)
{
    static const uint32_t sizes[] = {334, 334, 334, 246, 832, 7045, 5133876};
    struct ftp f;
    char name[32];

    come(s, a, 21);
    ftp_open(&f, s, &a->attacker, &a->victim);
    f.passive = false;
    ftp_login(&f, "anonymous", "x@x.com", true);
    ftp_command(&f, "CWD incoming", "250 CWD command successful.");
    ftp_transfer(&f, FTP_LIST, "-al", 1180);
    for (uint32_t n = draw_between(&s->rng, 20, 28), i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "part%02u.zip", i);
        uint32_t size = draw_pick(&s->rng, sizes);
        ftp_transfer(&f, FTP_FETCH, name, i == 0 || size < 1000000 ? size : 334);
    }
    ftp_quit(&f);
}

/* A guest leaves a .rhosts behind, and comes in through it by rlogin. */
void attack_ftp_write(struct session *s, struct campaign *a)
{
    static const char hello[] = "\0ftp\0ftp\0xterm/38400";
    struct ftp f;

    come(s, a, 21);
    ftp_open(&f, s, &a->attacker, &a->victim);
    ftp_login(&f, "anonymous", "x@x.com", true);
    ftp_transfer(&f, FTP_STORE, ".rhosts", 8);
    f.control->truth.content[TRUTH_ACCESS_FILES] = 1;
    ftp_quit(&f);

    session_think(s, 5000000);
    come(s, a, 513);
    a->attacker.port = (uint16_t)(1023 - a->attacker.port % 512);
    struct telnet t = {.s = s, .c = tcp_open(s, &a->attacker, &a->victim)};
    tcp_send(s, t.c, ORIG, hello, sizeof(hello), 0, TCP_TEXT);
    tcp_send(s, t.c, RESP, "", 1, 0, TCP_TEXT);
    tcp_say(s, t.c, RESP, "Last login: Mon Jun  1 08:00:00 from pc7\r\nunix$ ");
    t.c->truth.content[TRUTH_LOGGED_IN] = 1;
    telnet_any_command(&t);
    telnet_exit(&t);
}

/* A user compiles a program, runs it, and is root. */
void attack_buffer_overflow(struct session *s, struct campaign *a)
{
    const struct user *u = user_any(&s->rng);
    struct telnet t;

    come(s, a, 23);
    telnet_open(&t, s, &a->attacker, &a->victim);
    telnet_login(&t, u->name, u->password, true);
    telnet_command(&t, "gcc -o lp lp.c", "", 0);
    telnet_counts(&t, TRUTH_HOT, 1);
    telnet_counts(&t, TRUTH_FILE_CREATIONS, 1);
    telnet_become_root(&t, "./lp");
    telnet_counts(&t, TRUTH_HOT, 1);
    telnet_command(&t, "id", "uid=0 gid=10\r\n", 0);
    telnet_command(&t, "cat /etc/shadow", "", 700);
    telnet_counts(&t, TRUTH_ACCESS_FILES, 1);
    telnet_exit(&t);
}
