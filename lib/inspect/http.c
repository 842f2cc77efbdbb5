/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: the lines of requests, and the answers to hot requests.
 *
 * hot:              one for a program known to be vulnerable; one for a path outside the document
 *                   root or to a file of accounts (B, http-request.bro; D: 2 in the rows of phf);
 *                   one for a long run of slashes (D: 1 in the rows of back that ended before the
 *                   answer did); one more if the answer is "was not found" (D: 2 in the rows with
 *                   all of the answer)
 * num_compromised:  the same answer, to a hot request only (D: 1 in back; no other row, although
 *                   one request in twenty of that traffic was answered by 404)
 * num_access_files: /etc/passwd and similar files in the target (D: phf)
 * root_shell:       a line of accounts, root's, in the answer to such a request (D: the rows of
 *                   phf)
 * logged_in:        payload both ways (D: all 58,672), but 0 if a request with credentials was
 *                   refused and no request was answered otherwise than by 401, 403 or 407
 * num_failed_logins: 401, 403 and 407 (RFC 9110, 15.5) to a request with credentials: a header
 *                   (Proxy-)Authorization, or POST to a target that names a login. The first
 *                   message of NTLM has no credentials; it is always answered by 401. Of requests
 *                   that do not wait for the answer before, only the first answer is known.
 */
#include <string.h>

#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

enum { SLASHES = 32 }; /* more than a regular target has in a row */

static const char *const methods[] = {"GET ",     "POST ",  "HEAD ",    "PUT ",   "DELETE ",
                                      "OPTIONS ", "TRACE ", "CONNECT ", "PATCH ", NULL};
static const char *const programs[] = {
    "/cgi-bin/phf",
    "/cgi-bin/php.cgi",
    "/cgi-bin/test-cgi",
    "nph-test-cgi",
    "/carbo.dll",
    "/search97.vts",
    "/Admin_files/order.log",
    "/cgi-dos/args.bat",
    "/cgi-win/uploader.exe",
    NULL,
};
static const char *const paths[] = {
    "etc/passwd", "etc/shadow", "etc/netconfig", "\n/bin", "\n/etc", "\n/usr", "\n/tmp",
    "../bin",     "../etc",     "../usr",        "../tmp", "IFS=",   NULL,
};
static const char *const logins[] = {"login",   "logon", "signin", "sign-in", "auth",
                                     "session", "token", "passw",  NULL};
static const char *const credentials[] = {"Authorization:", "Proxy-Authorization:", NULL};
static const char status_line[] = "HTTP/1.? ???"; /* ? is a digit */
enum { STATUS_READ = sizeof(status_line) - 1, STATUS_INTERIM };

static const char phrase[] = "was not found"; /* its first letter occurs only once */

static unsigned hex(char c)
{
    return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
           : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                  : 16;
}

/* Decodes %XX once, as a server does. */
static struct gad_span decode(struct gad_span s, char out[GAD_INSPECT_LINE])
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (c == '%' && s.len - i > 2 && hex(s.p[i + 1]) < 16 && hex(s.p[i + 2]) < 16) {
            c = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
            i += 2;
        }
        out[n++] = c;
    }
    return (struct gad_span){.p = out, .len = n};
}

static bool has_run_of_slashes(struct gad_span s)
{
    size_t run = 0;
    for (size_t i = 0; i < s.len; i++) {
        run = s.p[i] == '/' ? run + 1 : 0;
        if (run == SLASHES)
            return true;
    }
    return false;
}

static void judge_target(struct gad_inspect *in, struct gad_span target)
{
    char text[GAD_INSPECT_LINE];
    struct gad_span s = decode(target, text);
    unsigned hot = (unsigned)gad_span_has_any(s, programs) + gad_span_has_any(s, paths) +
                   has_run_of_slashes(s);

    in->http.access = gad_shell_has_access_path(s);
    in->http.hot = hot > 0 || in->http.access;
    in->http.n_matched = 0;
    in->line[GAD_SERVER].taken = true; /* the answer begins a line, whatever came before */
    for (; hot > 0; hot--)
        gad_count(&in->c.hot);
    if (in->http.access)
        gad_count(&in->c.num_access_files);
}

static void request_began(struct gad_http *h, bool has_credentials)
{
    h->unknown |= h->asked && h->n_status < STATUS_READ; /* no answer to the request before */
    h->asked = true;
    h->n_status = 0;
    h->status = 0;
    h->has_credentials = has_credentials;
}

static void header(struct gad_http *h, struct gad_span s)
{
    if (!gad_span_starts_any(s, credentials))
        return;
    (void)gad_span_token(&s);
    (void)gad_span_token(&s); /* the scheme */
    h->has_credentials = !gad_span_starts(gad_span_trim(s), "TlRMTVNTUAAB");
}

/* A request of HTTP/0.9 is one line; others have headers. A request whose end was not kept is too
 * long for 0.9. */
static void client_line(struct gad_inspect *in, struct gad_span s)
{
    if (in->http.in_headers) {
        in->http.in_headers = s.len > 0;
        header(&in->http, s);
        return;
    }
    if (!gad_span_starts_any(s, methods))
        return;
    bool is_post = gad_span_starts(s, "POST ");
    (void)gad_span_token(&s);
    struct gad_span target = gad_span_token(&s);
    request_began(&in->http, is_post && gad_span_has_any_nocase(target, logins));
    in->http.in_headers = in->line[GAD_CLIENT].cut || gad_span_trim(s).len > 0;
    judge_target(in, target);
}

static void answered_not_found(struct gad_inspect *in)
{
    gad_count(&in->c.hot);
    gad_count(&in->c.num_compromised);
    in->http.hot = false;
}

/* Byte by byte, because the line with the phrase repeats the target and can have any length. */
static bool has_phrase(struct gad_http *h, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (h->n_matched == 0) {
            const uint8_t *first = memchr(p + i, phrase[0], len - i);
            if (!first)
                return false;
            i = (size_t)(first - p);
        }
        if (p[i] == (uint8_t)phrase[h->n_matched])
            h->n_matched++;
        else
            h->n_matched = p[i] == (uint8_t)phrase[0];
        if (h->n_matched == sizeof(phrase) - 1)
            return true;
    }
    return false;
}

static void answer_bytes(struct gad_inspect *in, const uint8_t *p, size_t len)
{
    struct gad_span s;
    const uint8_t *q = p; /* neither search depends on the progress of the other in these bytes */
    size_t left = len;

    while (in->http.access && gad_inspect_line_next(&in->line[GAD_SERVER], &q, &left, &s))
        if (!in->line[GAD_SERVER].lost && gad_span_has(s, "root:") && gad_span_has(s, ":0:"))
            in->c.root_shell = 1;
    if (in->http.hot && has_phrase(&in->http, p, len))
        answered_not_found(in);
}

static void answered(struct gad_inspect *in)
{
    struct gad_http *h = &in->http;

    if (h->status >= 100 && h->status < 200 && h->status != 101) {
        h->n_status = STATUS_INTERIM; /* the final answer follows */
        h->n_line_ends = 0;
    } else if (h->status != 401 && h->status != 403 && h->status != 407) {
        h->accepted = true;
    } else if (h->has_credentials) {
        h->refused = true;
        gad_count(&in->c.num_failed_logins);
    }
}

static void status_byte(struct gad_inspect *in, uint8_t b)
{
    struct gad_http *h = &in->http;
    char want = status_line[h->n_status];
    bool is_digit = b >= '0' && b <= '9';

    if (want == '?' ? !is_digit : b != (uint8_t)want) {
        h->n_status = STATUS_READ; /* HTTP/0.9 */
        h->accepted = true;
        return;
    }
    if (is_digit && h->n_status > STATUS_READ - 4)
        h->status = (uint16_t)(h->status * 10 + (b - '0'));
    if (++h->n_status == STATUS_READ)
        answered(in);
}

static void status_bytes(struct gad_inspect *in, const uint8_t *p, size_t len)
{
    struct gad_http *h = &in->http;

    for (; h->asked && len > 0 && h->n_status != STATUS_READ; p++, len--) {
        if (h->n_status < STATUS_READ) {
            status_byte(in, *p);
            continue;
        }
        if (*p != '\r')
            h->n_line_ends = (uint8_t)(*p == '\n' ? h->n_line_ends + 1 : 0);
        if (h->n_line_ends == 2) {
            h->n_status = 0;
            h->status = 0;
        }
    }
}

static void http_result(const struct gad_inspect *in, struct gad_content *ret)
{
    if (in->http.refused && !in->http.accepted && !in->http.unknown)
        ret->logged_in = 0;
}

static void http_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len)
{
    struct gad_span s;

    if (way == GAD_SERVER) {
        status_bytes(in, p, len);
        if (in->http.hot || in->http.access)
            answer_bytes(in, p, len);
        return;
    }
    while (gad_inspect_line_next(&in->line[GAD_CLIENT], &p, &len, &s))
        if (!in->line[GAD_CLIENT].lost)
            client_line(in, s);
}

/* Of an answer its status is read, and the rest only if the request was hot. */
static bool http_skips(const struct gad_inspect *in, enum gad_way way)
{
    const struct gad_http *h = &in->http;
    bool has_status = !h->asked || h->n_status == STATUS_READ;

    return way == GAD_SERVER && !h->hot && !h->access && has_status;
}

/* Headers can have ended in the gap; the next request is recognised by its method. */
static void http_gap(struct gad_inspect *in, enum gad_way way)
{
    if (http_skips(in, way)) /* nothing that counts was lost */
        return;
    if (way == GAD_CLIENT)
        in->http.in_headers = false;
    in->http.n_matched = 0;
    in->http.unknown = true;
    in->http.asked = false;
}

const struct gad_scanner gad_scan_http = {.bytes = http_bytes,
                                          .gap = http_gap,
                                          .skips = http_skips,
                                          .result = http_result,
                                          .both_ways_is_login = true};
