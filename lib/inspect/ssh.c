/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH (RFC 4253, 4252): the authentication, from the sizes of its messages. All of it is encrypted;
 * of the packets before only NEWKEYS is of interest, behind which encryption begins.
 *
 * A turn is the bytes of one direction until the other direction continues. Request and answer
 * alternate during the authentication, so a turn is one message, whatever the cipher shows of
 * lengths. Evidence: exchanges of OpenSSH 9.2, Dropbear 2022.83, PuTTY 0.78, Paramiko 2.12 and
 * AsyncSSH 2.10 with chacha20-poly1305, AES-GCM and AES-CTR, with all MACs of OpenSSH on either
 * side of the encryption. The payload of a message has these bytes, and padding and the MAC add a
 * number that depends on the cipher alone:
 *
 *     17      the service request, its acceptance, and a prompt of keyboard-interactive that asks
 *             for nothing: "service" below
 *     1       SUCCESS, the only shorter answer: service - 16; Dropbear: - 8 with chacha20-poly1305
 *     14 up   FAILURE with its list of methods: one size in a connection, at least service
 *     31 + u  the request `none` of a user name of u bytes, which asks for the list of methods
 *     40 + u + p, the request with a password of p bytes; OpenSSH pads it, and answers to prompts,
 *             to 64 or 128 bytes
 *     107 + u or more, the offer of a public key
 *
 * Dropbear's client sends the service request and `none` in one turn, and gets both answers in one.
 *
 * logged_in:         payload both ways (D), but 0 if each request was refused
 * num_failed_logins: refused passwords. A refused key counts only if nothing succeeded: a client
 *                    offers all that it has. 128 bytes can be both, so one such refusal before a
 *                    success is taken for a key. `none` counts only if it was the only request.
 *
 * Not decided: a gap, an answer of an unknown size to a password, an authentication by several
 * methods. logged_in is then that of D.
 */
#include <string.h>

#include "lib/inspect/scanner.h"

enum { VERSION, PACKETS, ENCRYPTED };
enum request { PASSWORD, PASSWORD_OR_KEY, KEY };
enum answer { NO_ANSWER, REFUSAL, OTHER_ANSWER };

enum {
    HEAD = 6, /* of a packet: length, padding length, message */
    PACKET_MIN = 12,
    PACKET_MAX = 35000, /* RFC 4253, 6.1 */
    NEWKEYS = 21,
    LINES_MAX = 32, /* before the version */
    SERVICE_MIN = 40,
    SERVICE_MAX = 100, /* AES with a MAC of 64 bytes */
    CHACHA_SERVICE = 44,
    LIST_MAX = 88, /* by which a refusal is longer than service */
    NONE_MAX = 72,
    PASSWORD_MAX = 104,
    PADDED = 128,
    ANSWERS_MAX = 64,
};

static bool is_chacha(const struct gad_ssh_auth *a)
{
    return a->service == CHACHA_SERVICE && !a->clear_lengths;
}

/* Returns the length of a packet of this size, without MAC and, as a rule, the length field. */
static int packet_of(const struct gad_ssh_auth *a, unsigned size)
{
    return (int)size - (int)a->service + (is_chacha(a) ? 24 : 32);
}

static enum request request_of(const struct gad_ssh_auth *a)
{
    int len = packet_of(a, a->request);

    return len <= PASSWORD_MAX ? PASSWORD : len == PADDED ? PASSWORD_OR_KEY : KEY;
}

static void client_turn(struct gad_ssh_auth *a, unsigned size)
{
    a->waits = true;
    if (a->hello == 0) {
        a->hello = size;
        return;
    }
    if (size == a->service) { /* a service request again */
        a->request = 0;
        return;
    }
    a->request = size;
    if (a->first == 0)
        a->first = size;
    else if (a->second == 0)
        a->second = size;
}

/* The first answer: the acceptance, or that and the refusal of `none`. */
static void accepted(struct gad_ssh_auth *a, unsigned size)
{
    bool two = size > SERVICE_MAX || (size >= 2 * SERVICE_MIN && size < SERVICE_MAX &&
                                      size != a->hello && a->hello < 2 * size);

    a->over = size < SERVICE_MIN || size > 2 * SERVICE_MAX + LIST_MAX;
    if (two) {
        a->two = size;
        a->low = (size + 1) / 2; /* a refusal is no shorter than an acceptance */
        a->first = a->hello;
        a->first_refused = true;
        a->answer = REFUSAL;
        a->n_answers++;
        return;
    }
    a->service = size;
    a->low = size;
}

/* Learns the size of a refusal: of the first answer, or of the next one if more was sent with the
 * first. */
static void learn(struct gad_ssh_auth *a, unsigned size)
{
    if (a->two != 0) {
        unsigned service = a->two - size; /* wraps: too long */
        if (size >= a->two || service < SERVICE_MIN || service > SERVICE_MAX)
            return;
        a->service = service;
        a->low = service;
    }
    if (size >= a->service && size <= a->service + LIST_MAX)
        a->failure = size;
}

static void refused(struct gad_ssh_auth *a)
{
    bool is_first = a->n_answers == 0;

    a->answer = REFUSAL;
    if (is_first)
        a->first_refused = true;
    else
        a->n_refused[request_of(a)]++;
}

/* A prompt had the size of a refusal, and what the client sent was right. */
static bool take_back(struct gad_ssh_auth *a, unsigned size)
{
    if (size != a->service || a->failure == a->service || a->answer != REFUSAL ||
        a->n_refused[PASSWORD] == 0)
        return false;
    a->n_refused[PASSWORD]--;
    return true;
}

/* The first answer was a message for the user and a refusal, and refusals alone follow. */
static bool is_second_shorter(struct gad_ssh_auth *a, unsigned size)
{
    if (a->n_answers == 1 && size < a->failure && request_of(a) != KEY) {
        a->shorter = size;
    } else if (a->n_answers == 2 && size == a->shorter) {
        a->failure = size;
        a->n_others--;
        a->n_refused[PASSWORD]++;
        return true;
    }
    return false;
}

static void answered_otherwise(struct gad_ssh_auth *a, unsigned size)
{
    if (is_second_shorter(a, size)) {
        refused(a);
        return;
    }
    if (take_back(a, size)) {
        a->answer = NO_ANSWER;
        return;
    }
    bool is_long = size > a->low + LIST_MAX, is_first = a->n_answers == 0;
    if (is_long && !is_first) {
        /* SUCCESS and what follows it, or, to a key: accepted, sign it */
        a->over = a->service == 0 || request_of(a) != KEY || a->answer == OTHER_ANSWER;
        a->unknown = true;
    }
    if (is_first) /* a message for the user and the refusal, as a rule */
        a->first_refused = true;
    a->n_others++;
    a->answer = is_first ? REFUSAL : OTHER_ANSWER;
}

static void server_turn(struct gad_ssh_auth *a, unsigned size)
{
    if (a->hello == 0)
        return; /* the server's list of extensions, RFC 8308 */
    a->waits = false;
    if (a->low == 0) {
        accepted(a, size);
        return;
    }
    if (a->request == 0) {
        a->over = size != a->service;
        return;
    }
    if (size < a->low) {
        a->succeeded = true;
        a->over = true;
        return;
    }
    if (a->failure == 0)
        learn(a, size);
    if (size == a->failure)
        refused(a);
    else
        answered_otherwise(a, size);
    a->over |= ++a->n_answers == ANSWERS_MAX;
}

static void turn_ended(struct gad_ssh *h)
{
    if (h->turn == 0 || h->auth.over)
        return;
    if (h->turn_of == GAD_CLIENT)
        client_turn(&h->auth, h->turn);
    else
        server_turn(&h->auth, h->turn);
}

/* `none` is shorter than the request that follows it. */
static bool is_first_a_probe(const struct gad_ssh_auth *a)
{
    unsigned added = a->hello - a->service; /* AsyncSSH sends a message before each request */

    return a->two != 0 ||
           (packet_of(a, a->first - added) <= NONE_MAX && (a->second == 0 || a->second > a->first));
}

static unsigned n_passwords(const struct gad_ssh_auth *a)
{
    unsigned maybe = a->n_refused[PASSWORD_OR_KEY];
    bool by_key = a->succeeded && request_of(a) == KEY;

    return a->n_refused[PASSWORD] + (a->first_refused && !is_first_a_probe(a) ? 1U : 0U) +
           (maybe > 1 && !by_key ? maybe : 0);
}

/* Returns whether each request was refused. The last answer can be that to too many requests. */
static bool all_refused(const struct gad_ssh_auth *a, unsigned *ret_n)
{
    unsigned n = a->n_refused[PASSWORD] + a->n_refused[PASSWORD_OR_KEY] + a->n_refused[KEY];
    bool ended = a->answer == REFUSAL || (a->answer == OTHER_ANSWER && !a->waits);

    if (a->over || a->unknown || !ended || !a->first_refused || a->n_others > n + 2)
        return false;
    n += (is_first_a_probe(a) ? 0U : 1U) + (a->answer == OTHER_ANSWER ? 1U : 0U);
    *ret_n = n > 0 ? n : 1;
    return true;
}

static void ssh_result(const struct gad_inspect *in, struct gad_content *ret)
{
    struct gad_ssh h = in->ssh;
    unsigned n = 0;

    turn_ended(&h);
    if (all_refused(&h.auth, &n))
        ret->logged_in = 0;
    else
        n = n_passwords(&h.auth);
    ret->num_failed_logins = (uint16_t)n;
}

static void give_up(struct gad_inspect *in)
{
    in->ssh.auth.over = true;
    gad_inspect_done(in);
}

/* The lines up to the version; a server can send others before. */
static void version_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t **p, size_t *len)
{
    struct gad_ssh_way *w = &in->ssh.way[way];
    struct gad_span s;

    if (!gad_inspect_line_next(&in->line[way], p, len, &s))
        return;
    if (gad_span_starts(s, "SSH-2.") || gad_span_starts(s, "SSH-1.99"))
        w->stage = PACKETS;
    else if (way == GAD_CLIENT || ++w->n_head == LINES_MAX || gad_span_starts(s, "SSH-"))
        give_up(in);
    if (w->stage == PACKETS)
        w->n_head = 0;
}

static void packet_head(struct gad_inspect *in, enum gad_way way)
{
    struct gad_ssh_way *w = &in->ssh.way[way];
    uint32_t len = (uint32_t)w->head[0] << 24 | (uint32_t)w->head[1] << 16 |
                   (uint32_t)w->head[2] << 8 | w->head[3];

    if (len < PACKET_MIN || len > PACKET_MAX) {
        give_up(in);
        return;
    }
    w->left = len + 4 - HEAD;
}

static void packet_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t **p, size_t *len)
{
    struct gad_ssh_way *w = &in->ssh.way[way];
    size_t skip = *len < w->left ? *len : w->left;

    if (w->n_head < HEAD) {
        w->head[w->n_head++] = **p;
        skip = 1;
        if (w->n_head == HEAD)
            packet_head(in, way);
    } else {
        w->left -= (uint32_t)skip;
    }
    *p += skip;
    *len -= skip;
    if (w->n_head < HEAD || w->left > 0)
        return;
    if (w->head[HEAD - 1] == NEWKEYS)
        w->stage = ENCRYPTED;
    w->n_head = 0;
}

/* AES-GCM, and MACs of the encrypted packet, leave the length as it is. */
static void first_length(struct gad_ssh *h, enum gad_way way, const uint8_t *p, size_t len)
{
    struct gad_ssh_way *w = &h->way[way];

    if (way != GAD_CLIENT)
        return;
    for (; len > 0 && w->n_head < 2; p++, len--)
        w->head[w->n_head++] = *p;
    h->auth.clear_lengths = w->n_head == 2 && w->head[0] == 0 && w->head[1] == 0;
}

static void encrypted_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len)
{
    struct gad_ssh *h = &in->ssh;

    if (h->turn_of != way) {
        turn_ended(h);
        h->turn = 0;
        h->turn_of = (uint8_t)way;
    }
    if (h->auth.over) {
        gad_inspect_done(in);
        return;
    }
    first_length(h, way, p, len);
    h->turn = len < UINT16_MAX - h->turn ? h->turn + (unsigned)len : UINT16_MAX;
}

static void ssh_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len)
{
    const struct gad_ssh_way *w = &in->ssh.way[way];

    while (len > 0 && w->stage != ENCRYPTED && !in->done[way])
        if (w->stage == VERSION)
            version_bytes(in, way, &p, &len);
        else
            packet_bytes(in, way, &p, &len);
    if (len > 0 && !in->done[way])
        encrypted_bytes(in, way, p, len);
}

static void ssh_gap(struct gad_inspect *in, enum gad_way way)
{
    (void)way;
    turn_ended(&in->ssh);
    in->ssh.turn = 0;
    give_up(in);
}

const struct gad_scanner gad_scan_ssh = {
    .bytes = ssh_bytes, .gap = ssh_gap, .result = ssh_result, .both_ways_is_login = true};
