/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <stdio.h>
#include <string.h>

#include "tools/ganad-traffic/dialogue.h"
#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp.h"
#include "tools/ganad-traffic/world.h"

/* --- web: pages over port 80, binary records over 443, and 8080, which KDD99 does not name --- */

static const char *const sections[] = {"news", "docs", "images", "archive", "shop", "research"};
static const char *const agents[] = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
    "curl/7.88.1", "Wget/1.21.3"};
static const uint32_t page_bytes[DRAW_QUANTILES] = {120,  300,  700,   1500,  3000,
                                                    5500, 9000, 20000, 160000};

/* One connection in 16 is on a bad network. */
static void maybe_noise(struct session *s, struct conn *c)
{
    if (draw_chance(&s->rng, 1, 16))
        c->noise = (struct noise){.again = 400, .lost = 900, .swapped = 700};
}

static void request(struct session *s, struct conn *c, const char *method, uint32_t length)
{
    uint32_t n = gad_rng_below(&s->rng, 20000), host = gad_rng_below(&s->rng, 400);
    const char *section = draw_pick(&s->rng, sections), *agent = draw_pick(&s->rng, agents);
    char body[48] = "";

    if (length)
        (void)snprintf(body, sizeof(body), "Content-Length: %u\r\n", length);
    tcp_say(
        s, c, ORIG,
        "%s /%s/%u.html HTTP/1.1\r\nHost: www%u.example.com\r\nUser-Agent: %s\r\nAccept: */*\r\n"
        "%sConnection: keep-alive\r\n\r\n",
        method, section, n, host, agent, body);
    if (length)
        tcp_send(s, c, ORIG, "", 0, length, TCP_TEXT);
}

static void response(struct session *s, struct conn *c)
{
    uint32_t bytes = draw_quantile(&s->rng, page_bytes), x = gad_rng_below(&s->rng, 100);
    char head[300];

    session_think(s, 8000);
    if (x < 12) {
        tcp_say(s, c, RESP, "HTTP/1.1 304 Not Modified\r\nServer: Apache\r\n\r\n");
        return;
    }
    int n = snprintf(
        head, sizeof(head),
        "HTTP/1.1 %s\r\nServer: Apache\r\nContent-Type: %s\r\nContent-Length: %u\r\n\r\n",
        x < 14 ? "301 Moved Permanently" : "200 OK", x < 60 ? "text/html" : "image/png", bytes);
    tcp_send(s, c, RESP, head, (size_t)n, bytes, x < 60 ? TCP_TEXT : TCP_BINARY);
}

static void browse(struct session *s, uint16_t port)
{
    struct endpoint client, server;
    uint32_t n = 1 + (uint32_t)draw_exp(&s->rng, 2);

    world_pair(s, port, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    maybe_noise(s, c);
    for (uint32_t i = 0; i < n && i < 20; i++) {
        if (i > 0)
            session_think(s, draw_chance(&s->rng, 1, 6) ? 8000000 : 60000);
        bool post = draw_chance(&s->rng, 1, 14);
        request(s, c, post ? "POST" : "GET", post ? draw_between(&s->rng, 20, 6000) : 0);
        response(s, c);
    }
    tcp_close(s, c, draw_chance(&s->rng, 1, 2) ? ORIG : RESP);
}

static void session_http(struct session *s)
{
    browse(s, 80);
}

static void session_proxy(struct session *s)
{
    browse(s, 8080);
}

/* A TLS record (RFC 8446 section 5.1): its type, and binary filler. */
static void record(struct session *s, struct conn *c, enum side from, uint8_t type, uint32_t bytes)
{
    const uint8_t head[5] = {type, 3, 3, (uint8_t)(bytes >> 8), (uint8_t)bytes};
    tcp_send(s, c, from, head, sizeof(head), bytes, TCP_BINARY);
}

static void session_https(struct session *s)
{
    enum { CHANGE = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23, RECORD_MAX = 16384 };
    struct endpoint client, server;
    uint32_t n = 1 + (uint32_t)draw_exp(&s->rng, 3);

    world_pair(s, 443, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    maybe_noise(s, c);
    record(s, c, ORIG, HANDSHAKE, draw_between(&s->rng, 240, 600));
    record(s, c, RESP, HANDSHAKE, draw_between(&s->rng, 90, 130));
    record(s, c, RESP, DATA, draw_between(&s->rng, 2000, 4500));
    record(s, c, ORIG, CHANGE, 1);
    record(s, c, ORIG, DATA, 53);
    for (uint32_t i = 0; i < n && i < 20; i++) {
        record(s, c, ORIG, DATA, draw_between(&s->rng, 120, 900));
        session_think(s, 10000);
        uint32_t bytes = draw_quantile(&s->rng, page_bytes);
        for (uint32_t done = 0; done < bytes; done += RECORD_MAX)
            record(s, c, RESP, DATA, bytes - done < RECORD_MAX ? bytes - done : RECORD_MAX);
        session_think(s, draw_chance(&s->rng, 1, 6) ? 5000000 : 80000);
    }
    record(s, c, ORIG, ALERT, 19);
    tcp_close(s, c, ORIG);
}

/* --- mail: sent by SMTP (RFC 5321), fetched by POP3 (RFC 1939) and IMAP (RFC 3501) --- */

static const uint32_t mail_bytes[DRAW_QUANTILES] = {200,  500,  800,   1200,  1900,
                                                    3200, 6000, 15000, 120000};

static void send_mail(struct session *s, struct conn *c, uint32_t bytes)
{
    tcp_say(s, c, ORIG, "MAIL FROM:<%s@example.org>\r\n", user_any(&s->rng)->name);
    tcp_say(s, c, RESP, "250 2.1.0 Ok\r\n");
    for (uint32_t n = draw_between(&s->rng, 1, 3); n > 0; n--) {
        tcp_say(s, c, ORIG, "RCPT TO:<%s@example.com>\r\n", user_any(&s->rng)->name);
        tcp_say(s, c, RESP, "250 2.1.5 Ok\r\n");
    }
    tcp_say(s, c, ORIG, "DATA\r\n");
    tcp_say(s, c, RESP, "354 End data with <CR><LF>.<CR><LF>\r\n");
    const char *name = user_any(&s->rng)->name;
    tcp_say(s, c, ORIG, "From: <%s@example.org>\r\nSubject: %08x\r\n\r\n", name,
            gad_rng_below(&s->rng, UINT32_MAX));
    tcp_send(s, c, ORIG, "", 0, bytes, TCP_TEXT);
    tcp_say(s, c, ORIG, "\r\n.\r\n");
    session_think(s, 20000);
    tcp_say(s, c, RESP, "250 2.0.0 Ok: queued as %08X\r\n", gad_rng_below(&s->rng, UINT32_MAX));
}

static void session_smtp(struct session *s)
{
    struct endpoint client, server;

    world_pair(s, 25, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    if (draw_chance(&s->rng, 1, 20))
        c->noise = (struct noise){.again = 300, .lost = 600, .swapped = 500};
    session_think(s, 15000);
    tcp_say(s, c, RESP, "220 mail.example.com ESMTP\r\n");
    tcp_say(s, c, ORIG, "EHLO relay%u.example.org\r\n", gad_rng_below(&s->rng, 50));
    tcp_say(s, c, RESP, "250-mail.example.com\r\n250-PIPELINING\r\n250 SIZE 10240000\r\n");
    for (uint32_t n = 1 + gad_rng_below(&s->rng, 2); n > 0; n--)
        send_mail(s, c, draw_quantile(&s->rng, mail_bytes));
    tcp_say(s, c, ORIG, "QUIT\r\n");
    tcp_say(s, c, RESP, "221 2.0.0 Bye\r\n");
    tcp_close(s, c, RESP);
}

void attack_mailbomb(struct session *s, struct campaign *a)
{
    if (a->step == 0)
        world_inside_server(s, 25, &a->victim);
    a->attacker.port = world_port(s->world, &a->attacker);
    struct conn *c = tcp_open(s, &a->attacker, &a->victim);
    tcp_say(s, c, RESP, "220 mail.example.com ESMTP\r\n");
    tcp_say(s, c, ORIG, "HELO example.org\r\n");
    tcp_say(s, c, RESP, "250 mail.example.com\r\n");
    send_mail(s, c, 1100 + a->mood % 200); /* always the same mail */
    tcp_say(s, c, ORIG, "QUIT\r\n");
    tcp_say(s, c, RESP, "221 2.0.0 Bye\r\n");
    tcp_close(s, c, RESP);
}

static void session_pop3(struct session *s)
{
    struct endpoint client, server;
    bool wrong = draw_chance(&s->rng, 1, 12);
    uint32_t n = gad_rng_below(&s->rng, 5);

    world_pair(s, 110, WORLD_IPV4, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    const struct user *u = user_any(&s->rng);
    tcp_say(s, c, RESP, "+OK POP3 server ready\r\n");
    tcp_say(s, c, ORIG, "USER %s\r\n", u->name);
    tcp_say(s, c, RESP, "+OK\r\n");
    tcp_say(s, c, ORIG, "PASS %s\r\n", wrong ? "letmein" : u->password);
    session_think(s, 30000);
    tcp_say(s, c, RESP, wrong ? "-ERR [AUTH] Authentication failed\r\n" : "+OK %u messages\r\n", n);
    c->truth.content[TRUTH_FAILED_LOGINS] = wrong;
    c->truth.content[TRUTH_LOGGED_IN] = !wrong;
    for (uint32_t i = 1; !wrong && i <= n; i++) {
        tcp_say(s, c, ORIG, "RETR %u\r\n", i);
        tcp_say(s, c, RESP, "+OK message follows\r\n");
        tcp_send(s, c, RESP, "", 0, draw_quantile(&s->rng, mail_bytes), TCP_TEXT);
        tcp_say(s, c, RESP, "\r\n.\r\n");
    }
    tcp_say(s, c, ORIG, "QUIT\r\n");
    tcp_say(s, c, RESP, "+OK Bye\r\n");
    tcp_close(s, c, RESP);
}

static void session_imap(struct session *s)
{
    struct endpoint client, server;
    const struct user *u = user_any(&s->rng);

    world_pair(s, 143, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, RESP, "* OK IMAP4rev1 ready\r\n");
    tcp_say(s, c, ORIG, "a1 LOGIN %s %s\r\n", u->name, u->password);
    tcp_say(s, c, RESP, "a1 OK LOGIN completed\r\n");
    tcp_say(s, c, ORIG, "a2 SELECT INBOX\r\n");
    tcp_say(s, c, RESP, "* %u EXISTS\r\n* 0 RECENT\r\na2 OK [READ-WRITE] SELECT completed\r\n",
            gad_rng_below(&s->rng, 500));
    for (uint32_t n = gad_rng_below(&s->rng, 6), i = 3; n > 0; n--, i++) {
        uint32_t bytes = draw_quantile(&s->rng, mail_bytes);
        session_think(s, 3000000);
        tcp_say(s, c, ORIG, "a%u FETCH %u BODY[]\r\n", i, 1 + gad_rng_below(&s->rng, 500));
        tcp_say(s, c, RESP, "* 1 FETCH (BODY[] {%u}\r\n", bytes);
        tcp_send(s, c, RESP, "", 0, bytes, TCP_TEXT);
        tcp_say(s, c, RESP, ")\r\na%u OK FETCH completed\r\n", i);
    }
    tcp_say(s, c, ORIG, "a99 LOGOUT\r\n");
    tcp_say(s, c, RESP, "* BYE\r\na99 OK LOGOUT completed\r\n");
    tcp_close(s, c, RESP);
}

/* --- terminals: telnet, rlogin, rsh, and SSH, of which only the beginning is plain text --- */

static void session_telnet(struct session *s)
{
    static const uint8_t interrupt[] = {255, 244, 255, 242}; /* RFC 854: IAC IP, IAC DM */
    struct endpoint client, server;
    struct telnet t;
    const struct user *u = user_any(&s->rng);

    world_pair(s, 23, WORLD_ANY_FAMILY, &client, &server);
    telnet_open(&t, s, &client, &server);
    if (draw_chance(&s->rng, 1, 8))
        telnet_login(&t, u->name, "wonder21", false);
    telnet_login(&t, u->name, u->password, true);
    if (draw_chance(&s->rng, 1, 12))
        telnet_su(&t, draw_chance(&s->rng, 2, 3));
    for (uint32_t n = draw_between(&s->rng, 1, 12); n > 0; n--)
        telnet_any_command(&t);
    if (draw_chance(&s->rng, 1, 10)) {
        telnet_command(&t, "cp plan plan.old", "", 0);
        telnet_counts(&t, TRUTH_FILE_CREATIONS, 1);
    }
    if (draw_chance(&s->rng, 1, 10)) {
        telnet_command(&t, "mail2 bob", "mail2: not found\r\n", 0);
        telnet_counts(&t, TRUTH_COMPROMISED, 1);
    }
    if (draw_chance(&s->rng, 1, 10)) {
        tcp_urgent(s, t.c, ORIG, interrupt, sizeof(interrupt));
        tcp_say(s, t.c, RESP, "\r\n%s", t.at_root ? "# " : "unix$ ");
    }
    telnet_exit(&t);
}

static void session_rlogin(struct session *s)
{
    struct endpoint client, server;
    const struct user *u = user_any(&s->rng);
    char hello[64];

    world_pair(s, 513, WORLD_IPV4, &client, &server);
    client.port = (uint16_t)(1023 - client.port % 512); /* RFC 1282: reserved; 512 to 1023 */
    struct telnet t = {.s = s, .c = tcp_open(s, &client, &server)};
    int n = snprintf(hello, sizeof(hello), "%c%s%c%s%cxterm/38400%c", 0, u->name, 0, u->name, 0, 0);
    tcp_send(s, t.c, ORIG, hello, (size_t)n, 0, TCP_TEXT);
    tcp_send(s, t.c, RESP, "", 1, 0, TCP_TEXT);
    tcp_say(s, t.c, RESP, "Last login: Mon Jun  1 08:00:00 from pc%u\r\nunix$ ",
            gad_rng_below(&s->rng, 100));
    t.c->truth.content[TRUTH_LOGGED_IN] = 1;
    for (uint32_t k = draw_between(&s->rng, 1, 6); k > 0; k--)
        telnet_any_command(&t);
    telnet_exit(&t);
}

static void session_rsh(struct session *s)
{
    struct endpoint client, server;
    const struct user *u = user_any(&s->rng);
    char hello[64];

    world_pair(s, 514, WORLD_IPV4, &client, &server);
    client.port = (uint16_t)(1023 - client.port % 512);
    struct conn *c = tcp_open(s, &client, &server);
    int n = snprintf(hello, sizeof(hello), "0%c%s%c%s%cuptime%c", 0, u->name, 0, u->name, 0, 0);
    tcp_send(s, c, ORIG, hello, (size_t)n, 0, TCP_TEXT);
    session_think(s, 20000);
    tcp_send(s, c, RESP, "", 1, 0, TCP_TEXT);
    tcp_send(s, c, RESP, "", 0, draw_between(&s->rng, 20, 400), TCP_TEXT);
    tcp_close(s, c, RESP);
}

static void session_ssh(struct session *s)
{
    struct endpoint client, server;

    world_pair(s, 22, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, RESP, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    tcp_say(s, c, ORIG, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    tcp_send(s, c, ORIG, "", 0, 1504, TCP_BINARY);
    tcp_send(s, c, RESP, "", 0, 1080, TCP_BINARY);
    tcp_send(s, c, ORIG, "", 0, 48, TCP_BINARY);
    tcp_send(s, c, RESP, "", 0, 452, TCP_BINARY);
    for (uint32_t n = draw_between(&s->rng, 5, 80); n > 0; n--) { /* a key, sometimes an output */
        session_wait(s, draw_between(&s->rng, 60000, 400000));
        tcp_send(s, c, ORIG, "", 0, 36, TCP_BINARY);
        tcp_send(s, c, RESP, "", 0, n % 8 ? 36 : draw_between(&s->rng, 100, 4000), TCP_BINARY);
    }
    tcp_close(s, c, ORIG);
}

/* --- files by FTP --- */

static const uint32_t file_bytes[DRAW_QUANTILES] = {60,    400,   1500,   5000,   12000,
                                                    30000, 60000, 150000, 1500000};

static void session_ftp(struct session *s)
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

/* --- small services by TCP --- */

static void session_finger(struct session *s)
{
    struct endpoint client, server;
    const char *name = user_any(&s->rng)->name;
    uint32_t minute = gad_rng_below(&s->rng, 60), line = gad_rng_below(&s->rng, 20);

    world_pair(s, 79, WORLD_IPV4, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, ORIG, "%s\r\n", name);
    session_think(s, 20000);
    tcp_say(s, c, RESP, "Login name: %s\r\nOn since Jun  1 08:%02u on pts/%u\r\nNo Plan.\r\n", name,
            minute, line);
    tcp_close(s, c, RESP);
}

/* RFC 1413: a server asks for the user of a connection. */
static void session_auth(struct session *s)
{
    struct endpoint client, server;
    uint32_t ours = draw_between(&s->rng, 1024, 60000);

    world_pair(s, 113, WORLD_IPV4, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, ORIG, "%u, 25\r\n", ours);
    tcp_say(s, c, RESP, "%u, 25 : USERID : UNIX : %s\r\n", ours, user_any(&s->rng)->name);
    tcp_close(s, c, ORIG);
}

static void session_time(struct session *s)
{
    struct endpoint client, server;
    uint32_t since_1900 = (uint32_t)(s->now / 1000000) + 2208988800u; /* RFC 868 */
    const uint8_t answer[4] = {(uint8_t)(since_1900 >> 24), (uint8_t)(since_1900 >> 16),
                               (uint8_t)(since_1900 >> 8), (uint8_t)since_1900};

    world_pair(s, 37, WORLD_IPV4, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_send(s, c, RESP, answer, sizeof(answer), 0, TCP_TEXT);
    tcp_close(s, c, RESP);
}

static void session_irc(struct session *s)
{
    struct endpoint client, server;
    const char *name = user_any(&s->rng)->name;

    world_pair(s, 6667, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, ORIG, "NICK %s\r\nUSER %s 0 * :%s\r\n", name, name, name);
    tcp_say(s, c, RESP, ":irc.example.net 001 %s :Welcome\r\n", name);
    tcp_say(s, c, ORIG, "JOIN #lorem\r\n");
    tcp_send(s, c, RESP, "", 0, draw_between(&s->rng, 100, 1200), TCP_TEXT);
    for (uint32_t n = draw_between(&s->rng, 1, 25); n > 0; n--) {
        session_think(s, 6000000);
        enum side from = draw_chance(&s->rng, 1, 3) ? ORIG : RESP;
        tcp_say(s, c, from, "PRIVMSG #lorem :dolor amet %08x\r\n",
                gad_rng_below(&s->rng, UINT32_MAX));
    }
    tcp_say(s, c, ORIG, "QUIT :bye\r\n");
    tcp_close(s, c, RESP);
}

/* --- the table --- */

const struct kind kinds[] = {
    {"http", 300, "web pages over port 80, kept alive", session_http},
    {"https", 90, "binary records over port 443", session_https},
    {"proxy", 15, "web pages over port 8080", session_proxy},
    {"dns", 230, "names by UDP", session_dns},
    {"dns-tcp", 3, "zones by TCP", session_dns_tcp},
    {"smtp", 60, "mail sent", session_smtp},
    {"pop3", 15, "mail fetched", session_pop3},
    {"imap", 12, "mail read", session_imap},
    {"ftp", 18, "files, active and passive", session_ftp},
    {"telnet", 12, "terminals, key by key", session_telnet},
    {"rlogin", 3, "terminals of trusted hosts", session_rlogin},
    {"rsh", 3, "single commands on trusted hosts", session_rsh},
    {"ssh", 15, "terminals, encrypted", session_ssh},
    {"finger", 8, "information about a user", session_finger},
    {"auth", 8, "the user of a connection", session_auth},
    {"time", 3, "the time by TCP", session_time},
    {"irc", 4, "chat", session_irc},
    {"ntp", 35, "the time by UDP", session_ntp},
    {"snmp", 25, "agents polled", session_snmp},
    {"nfs", 6, "files by UDP, in fragments", session_nfs},
    {"ping", 25, "echo requests and replies", session_ping},
    {"unreachable", 12, "ICMP errors", session_unreachable},
    {"refused", 25, "closed ports: REJ", session_refused},
    {"dead", 14, "hosts that do not exist: S0", session_dead},
    {"reset", 14, "RSTO, RSTR", session_reset},
    {"half-closed", 6, "S2, S3", session_half_closed},
    {"left-open", 5, "S1", session_left_open},
    {"keepalive", 4, "long silences with probes", session_keepalive},
    {"reuse", 4, "the same ports twice", session_reuse},
    {"lossy", 6, "losses, duplicates, reordering, packets that the capture misses", session_lossy},
    {"middle", 4, "started before the capture: OTH", session_middle},
};
const size_t n_kinds = sizeof(kinds) / sizeof(kinds[0]);
