/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/detect.h"

#include <string.h>
#include <strings.h>

/* Compares with a word, without regard to case. */
static enum gad_fit starts(struct gad_first f, const char *word)
{
    size_t len = strlen(word), n = f.len < len ? f.len : len;

    if (n > 0 && strncasecmp((const char *)f.p, word, n) != 0)
        return GAD_FIT_NO;
    return n == len ? GAD_FIT_YES : GAD_FIT_MORE;
}

static enum gad_fit starts_any(struct gad_first f, const char *const *words)
{
    enum gad_fit best = GAD_FIT_NO;

    for (; *words && best != GAD_FIT_YES; words++) {
        enum gad_fit fit = starts(f, *words);
        best = fit > best ? fit : best;
    }
    return best;
}

static enum gad_fit yes_if(bool fits)
{
    return fits ? GAD_FIT_YES : GAD_FIT_NO;
}

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* A method, known or not, in capitals; the answer decides. */
static enum gad_fit http_client(struct gad_first f)
{
    enum { METHOD_MIN = 3, METHOD_MAX = 16 };
    size_t n = 0;

    while (n < f.len && n < METHOD_MAX && ((f.p[n] >= 'A' && f.p[n] <= 'Z') || f.p[n] == '-'))
        n++;
    if (n == METHOD_MAX)
        return GAD_FIT_NO;
    return n == f.len ? GAD_FIT_MORE : yes_if(n >= METHOD_MIN && f.p[n] == ' ');
}

static enum gad_fit ssh(struct gad_first f)
{
    static const char *const words[] = {"SSH-2.0-", "SSH-1.", NULL};
    return starts_any(f, words);
}

static enum gad_fit reply_220(struct gad_first f)
{
    static const char *const words[] = {"220 ", "220-", NULL};
    return starts_any(f, words);
}

static enum gad_fit smtp_client(struct gad_first f)
{
    static const char *const words[] = {"EHLO ", "HELO ", "LHLO ", NULL};
    return starts_any(f, words);
}

static enum gad_fit ftp_client(struct gad_first f)
{
    static const char *const words[] = {"USER ",    "AUTH TLS",  "AUTH SSL", "FEAT\r\n", "HOST ",
                                        "SYST\r\n", "OPTS UTF8", "CLNT ",    NULL};
    return starts_any(f, words);
}

enum { TLS_RECORD = 5, TLS_HELLO = 11, TLS_RECORD_MAX = 16384, TLS_ALERT = 7 };

/* The first record has its version, its length, and a handshake message with its own version. */
static enum gad_fit tls_hello(struct gad_first f, uint8_t type)
{
    static const uint8_t head[2] = {22, 3};
    size_t n = f.len < sizeof(head) ? f.len : sizeof(head);

    if (n > 0 && memcmp(f.p, head, n) != 0)
        return GAD_FIT_NO;
    if (f.len < TLS_HELLO)
        return GAD_FIT_MORE;
    unsigned len = u16(f.p + 3);
    return yes_if(f.p[2] <= 4 && len > TLS_HELLO - TLS_RECORD && len <= TLS_RECORD_MAX &&
                  f.p[5] == type && f.p[6] == 0 && f.p[9] == 3 && f.p[10] <= 4);
}

static enum gad_fit tls_alert(struct gad_first f)
{
    static const uint8_t head[2] = {21, 3};
    size_t n = f.len < sizeof(head) ? f.len : sizeof(head);

    if (n > 0 && memcmp(f.p, head, n) != 0)
        return GAD_FIT_NO;
    if (f.len < TLS_ALERT)
        return GAD_FIT_MORE;
    return yes_if(f.p[2] <= 4 && u16(f.p + 3) == 2 && (f.p[5] == 1 || f.p[5] == 2));
}

static enum gad_fit tls_server(struct gad_first f)
{
    enum gad_fit hello = tls_hello(f, 2), alert = tls_alert(f);
    return hello > alert ? hello : alert;
}

/* WILL, WON'T, DO, DON'T and an option, n times. */
static enum gad_fit telnet_options(struct gad_first f, size_t n)
{
    enum { IAC = 255, WILL = 251, DONT = 254, LAST_OPTION = 49 };

    for (size_t i = 0; i < f.len && i < 3 * n; i++)
        if (i % 3 == 0   ? f.p[i] != IAC
            : i % 3 == 1 ? f.p[i] < WILL || f.p[i] > DONT
                         : f.p[i] > LAST_OPTION)
            return GAD_FIT_NO;
    return f.len >= 3 * n ? GAD_FIT_YES : GAD_FIT_MORE;
}

enum { DNS_HEAD = 14 }; /* with the length before it */

/* The name, without compression, and the class IN or ANY. */
static enum gad_fit dns_question(struct gad_first f)
{
    enum { LABEL_MAX = 63, NAME_MAX = 255, IN = 1, ANY = 255 };
    size_t at = DNS_HEAD;

    while (at < f.len && f.p[at] != 0) {
        if (f.p[at] > LABEL_MAX || at - DNS_HEAD > NAME_MAX)
            return GAD_FIT_NO;
        at += 1 + (size_t)f.p[at];
    }
    if (at + 5 > f.len)
        return GAD_FIT_MORE;
    unsigned class = u16(f.p + at + 3);
    return yes_if(u16(f.p) >= at + 5 - 2 && u16(f.p + at + 1) != 0 &&
                  (class == IN || class == ANY));
}

static enum gad_fit dns_query(struct gad_first f)
{
    enum { LEN_MIN = 17, LEN_MAX = 1024, REPLY_OPCODE_TC = 0xfa, Z_RCODE = 0x4f, MORE_MAX = 2 };

    if (f.len >= 2 && (u16(f.p) < LEN_MIN || u16(f.p) > LEN_MAX))
        return GAD_FIT_NO;
    if (f.len < DNS_HEAD)
        return GAD_FIT_MORE;
    if ((f.p[4] & REPLY_OPCODE_TC) != 0 || (f.p[5] & Z_RCODE) != 0 || u16(f.p + 6) != 1 ||
        u16(f.p + 8) != 0 || u16(f.p + 10) != 0 || u16(f.p + 12) > MORE_MAX)
        return GAD_FIT_NO;
    return dns_question(f);
}

static enum gad_fit dns_reply(struct gad_first f, struct gad_first query)
{
    enum { LEN_MIN = 12, REPLY = 0x80, REPLY_OPCODE = 0xf8 };

    if (f.len > 0 && query.len < 4)
        return GAD_FIT_NO; /* the client begins */
    if (f.len < 8)
        return GAD_FIT_MORE;
    return yes_if(u16(f.p) >= LEN_MIN && u16(f.p + 2) == u16(query.p + 2) &&
                  (f.p[4] & REPLY_OPCODE) == REPLY && u16(f.p + 6) <= 1);
}

/* The side that begins negotiates more than one option. */
static enum gad_fit telnet(struct gad_first f, struct gad_first other)
{
    enum gad_fit two = telnet_options(f, 2);
    bool answers = telnet_options(other, 2) == GAD_FIT_YES;

    return answers && two != GAD_FIT_YES ? telnet_options(f, 1) : two;
}

static enum gad_fit client_fits(enum gad_found what, struct gad_first f, struct gad_first server)
{
    switch (what) {
    case GAD_FOUND_HTTP:
        return http_client(f);
    case GAD_FOUND_SSH:
        return ssh(f);
    case GAD_FOUND_SMTP:
        return smtp_client(f);
    case GAD_FOUND_FTP:
        return ftp_client(f);
    case GAD_FOUND_TLS:
        return tls_hello(f, 1);
    case GAD_FOUND_TELNET:
        return telnet(f, server);
    default:
        return what == GAD_FOUND_DNS ? dns_query(f) : GAD_FIT_NO;
    }
}

static enum gad_fit server_fits(enum gad_found what, struct gad_first f, struct gad_first client)
{
    switch (what) {
    case GAD_FOUND_HTTP:
        return starts(f, "HTTP/1.");
    case GAD_FOUND_SSH:
        return ssh(f);
    case GAD_FOUND_SMTP:
    case GAD_FOUND_FTP:
        return reply_220(f);
    case GAD_FOUND_TLS:
        return tls_server(f);
    case GAD_FOUND_TELNET:
        return telnet(f, client);
    default:
        return what == GAD_FOUND_DNS ? dns_reply(f, client) : GAD_FIT_NO;
    }
}

enum gad_fit gad_detect(enum gad_found what, struct gad_first client, struct gad_first server,
                        bool *ret_one)
{
    enum gad_fit c = client_fits(what, client, server), s = server_fits(what, server, client);

    *ret_one = c != GAD_FIT_NO && s != GAD_FIT_NO && (c == GAD_FIT_YES || s == GAD_FIT_YES);
    return c < s ? c : s;
}
