/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins to stores of data. KDD99 has no names for them.
 *
 * logged_in:         payload both ways (D: private, other), but 0 if a login was refused and none
 *                    was accepted
 * num_failed_logins: refused logins, below
 *
 * Redis, port 6379: an error that names the password, to AUTH or to HELLO with AUTH. Any answer
 * that is no error counts as accepted. Text counts as in any other service: lib/inspect/shell.h.
 */
#include <string.h>

#include "lib/inspect/scanner.h"
#include "lib/inspect/shell.h"

static const char *const wrong[] = {"-WRONGPASS", "-ERR invalid password", NULL};

static void redis_line(struct gad_inspect *in, enum gad_way way, struct gad_span s)
{
    struct gad_store *st = &in->store;

    if (in->line[way].has_binary) {
        st->accepted = true;
        in->done[way] = true;
        return;
    }
    gad_shell_text(s, &in->c);
    if (way == GAD_CLIENT) {
        struct gad_span word = gad_span_token(&s);
        if (gad_span_is(word, "AUTH"))
            gad_count(&st->n_asked);
        return;
    }
    if (s.len == 0 || *s.p != '-') {
        st->accepted = true;
    } else if (st->n_asked > 0 && gad_span_starts_any(s, wrong)) {
        st->refused = true;
        st->n_asked--;
        gad_count(&in->c.num_failed_logins);
    }
}

static void store_gap(struct gad_inspect *in, enum gad_way way)
{
    (void)way;
    in->store.accepted = true; /* it is not known what was lost */
    in->store.n_asked = 0;
}

static void store_result(const struct gad_inspect *in, struct gad_content *ret)
{
    if (in->store.refused && !in->store.accepted)
        ret->logged_in = 0;
}

const struct gad_scanner gad_scan_redis = {
    .line = redis_line, .gap = store_gap, .result = store_result, .both_ways_is_login = true};

/*
 * PostgreSQL, port 5432 (protocol 3, chapter "Frontend/Backend Protocol" of its manual): of the
 * server's messages an error before the first `Z`, ready for queries. One of class 28, invalid
 * authorization, is a refused login, also behind the message that the password is right: a role can
 * be missing. A message is a type, a length that includes itself, and its body; an error has
 * fields, each a type and a text ended by NUL, `C` is the code. A single byte answers the client's
 * wish for TLS before the first message: S, G, or N, no.
 */
enum { HEAD = 5, CODE = 4, LENGTH_MAX = 30000 };

static void pg_head(struct gad_inspect *in)
{
    struct gad_store *st = &in->store;
    uint32_t len = (uint32_t)st->head[1] << 24 | (uint32_t)st->head[2] << 16 |
                   (uint32_t)st->head[3] << 8 | st->head[4];

    st->left = len - CODE;
    st->is_code = false;
    st->n_value = 0;
    if (len < CODE || len > LENGTH_MAX)
        gad_inspect_done(in);
}

/* n_value is the place in the field. */
static void pg_error(struct gad_inspect *in, uint8_t b)
{
    struct gad_store *st = &in->store;

    if (st->n_value == 0)
        st->is_code = b == 'C';
    else if (b != (st->n_value == 1 ? '2' : '8'))
        st->is_code = false;
    else if (st->is_code && st->n_value == 2) {
        st->refused = true;
        gad_count(&in->c.num_failed_logins);
        gad_inspect_done(in);
    }
    st->n_value = (uint8_t)(b == 0 ? 0 : st->n_value < 3 ? st->n_value + 1 : 3);
}

/* Types of messages before `Z`: R authentication, E error, v another version; then also S, K and N,
 * parameters, key and notice. */
static const char first[] = "REvREv", later[] = "REvSKN";

static void pg_byte(struct gad_inspect *in, uint8_t b)
{
    struct gad_store *st = &in->store;

    if (st->n_head == 0) {
        if (st->n_asked == 0 && b == 'N')
            return;
        if (!memchr(st->n_asked > 0 ? later : first, b, sizeof(first) - 1)) {
            st->accepted = b == 'Z';
            gad_inspect_done(in);
            return;
        }
        st->n_asked = 1;
    }
    if (st->n_head < HEAD) {
        st->head[st->n_head++] = b;
        if (st->n_head == HEAD)
            pg_head(in);
    } else {
        if (st->head[0] == 'E')
            pg_error(in, b);
        st->left--;
    }
    if (st->n_head == HEAD && st->left == 0)
        st->n_head = 0;
}

static void pg_bytes(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len)
{
    for (size_t i = 0; way == GAD_SERVER && i < len && !in->done[way]; i++)
        pg_byte(in, p[i]);
}

static void pg_gap(struct gad_inspect *in, enum gad_way way)
{
    store_gap(in, way);
    gad_inspect_done(in);
}

const struct gad_scanner gad_scan_postgresql = {
    .bytes = pg_bytes, .gap = pg_gap, .result = store_result, .both_ways_is_login = true};
