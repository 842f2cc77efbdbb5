/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sign/minisign.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cursor.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/sign/ed25519.h"

static const char UNTRUSTED[] = "untrusted comment: ", TRUSTED[] = "trusted comment: ";

struct line {
    const char *p;
    size_t len;
};

/* Takes the next line without its end. Returns false at the end of the text. */
static bool next_line(struct gad_cursor *c, struct line *ret)
{
    if (c->left == 0)
        return false;
    const uint8_t *end = memchr(c->p, '\n', c->left);
    size_t len = end ? (size_t)(end - c->p) : c->left;
    ret->p = (const char *)gad_cursor_take(c, len);
    ret->len = len > 0 && ret->p[len - 1] == '\r' ? len - 1 : len;
    if (end)
        gad_cursor_skip(c, 1);
    return true;
}

static bool starts_with(const struct line *l, const char *word)
{
    return l->len >= strlen(word) && memcmp(l->p, word, strlen(word)) == 0;
}

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes exactly @len bytes from their only valid base64 form (RFC 4648, section 4): unused bits
 * are 0. */
static bool decode(const struct line *l, uint8_t *out, size_t len)
{
    size_t n_digits = (len * 8 + 5) / 6, n_pads = (3 - len % 3) % 3;
    uint32_t bits = 0;
    unsigned n = 0;

    if (l->len != n_digits + n_pads)
        return false;
    for (size_t i = 0; i < l->len; i++) {
        int v = i < n_digits ? digit(l->p[i]) : l->p[i] == '=' ? 0 : -1;
        if (v < 0)
            return false;
        if (i >= n_digits)
            continue;
        bits = bits << 6 | (uint32_t)v;
        n += 6;
        if (n >= 8) {
            n -= 8;
            *out++ = (uint8_t)(bits >> n);
        }
    }
    return (bits & ((1U << n) - 1)) == 0;
}

static bool at_end(struct gad_cursor *c)
{
    struct line l;
    return !next_line(c, &l);
}

int gad_sign_key_parse(const void *text, size_t len, struct gad_sign_key *ret, struct gad_diag *d)
{
    struct gad_cursor c = gad_cursor_init(text, len);
    uint8_t bytes[2 + 8 + 32];
    struct line l;

    if (!next_line(&c, &l) || !starts_with(&l, UNTRUSTED))
        return gad_fail(d, GAD_EFORMAT, "line 1: does not begin with '%s'", UNTRUSTED);
    if (!next_line(&c, &l) || !decode(&l, bytes, sizeof(bytes)))
        return gad_fail(d, GAD_EFORMAT, "line 2: not the base64 of a key");
    if (memcmp(bytes, "Ed", 2) != 0)
        return gad_fail(d, GAD_EFORMAT, "line 2: a key of another kind than Ed25519");
    if (!at_end(&c))
        return gad_fail(d, GAD_EFORMAT, "trailing data after line 2");
    memcpy(ret->id, bytes + 2, sizeof(ret->id));
    memcpy(ret->key, bytes + 10, sizeof(ret->key));
    return 0;
}

static int take_comment(const struct line *l, struct gad_signature *ret, struct gad_diag *d)
{
    size_t skip = strlen(TRUSTED);

    if (!starts_with(l, TRUSTED))
        return gad_fail(d, GAD_EFORMAT, "line 3: does not begin with '%s'", TRUSTED);
    if (l->len - skip > GAD_SIGN_COMMENT_MAX)
        return gad_fail(d, GAD_EFORMAT, "line 3: longer than %d bytes", GAD_SIGN_COMMENT_MAX);
    if (memchr(l->p, '\0', l->len))
        return gad_fail(d, GAD_EFORMAT, "line 3: contains a NUL");
    memcpy(ret->comment, l->p + skip, l->len - skip);
    ret->comment[l->len - skip] = '\0';
    return 0;
}

int gad_signature_parse(const void *text, size_t len, struct gad_signature *ret, struct gad_diag *d)
{
    struct gad_cursor c = gad_cursor_init(text, len);
    uint8_t bytes[2 + 8 + 64];
    struct line l;

    *ret = (struct gad_signature){0};
    if (!next_line(&c, &l) || !starts_with(&l, UNTRUSTED))
        return gad_fail(d, GAD_EFORMAT, "line 1: does not begin with '%s'", UNTRUSTED);
    if (!next_line(&c, &l) || !decode(&l, bytes, sizeof(bytes)))
        return gad_fail(d, GAD_EFORMAT, "line 2: not the base64 of a signature");
    if (bytes[0] != 'E' || (bytes[1] != 'D' && bytes[1] != 'd'))
        return gad_fail(d, GAD_EFORMAT, "line 2: a signature of another kind than Ed25519");
    ret->is_of_hash = bytes[1] == 'D';
    memcpy(ret->id, bytes + 2, sizeof(ret->id));
    memcpy(ret->signature, bytes + 10, sizeof(ret->signature));
    if (!next_line(&c, &l))
        return gad_fail(d, GAD_EFORMAT, "line 3: missing trusted comment");
    int r = take_comment(&l, ret, d);
    if (r != 0)
        return r;
    if (!next_line(&c, &l) || !decode(&l, ret->global, sizeof(ret->global)))
        return gad_fail(d, GAD_EFORMAT, "line 4: not the base64 of a signature");
    return at_end(&c) ? 0 : gad_fail(d, GAD_EFORMAT, "trailing data after line 4");
}

int gad_signature_verify(const struct gad_signature *s, const struct gad_sign_keys *keys,
                         const void *p, size_t len)
{
    uint8_t hash[GAD_BLAKE2B], global[sizeof(s->signature) + GAD_SIGN_COMMENT_MAX];
    size_t comment = strlen(s->comment);
    const struct gad_sign_key *key = NULL;

    for (size_t i = 0; i < keys->n && !key; i++)
        if (memcmp(keys->key[i].id, s->id, sizeof(s->id)) == 0)
            key = &keys->key[i];
    if (!key)
        return GAD_EUNKNOWN;
    if (s->is_of_hash && !gad_blake2b(p, len, hash))
        return GAD_ENOMEM;
    memcpy(global, s->signature, sizeof(s->signature));
    memcpy(global + sizeof(s->signature), s->comment, comment);
    int r = gad_ed25519_verify(key->key, s->signature, s->is_of_hash ? hash : p,
                               s->is_of_hash ? sizeof(hash) : len);
    if (r == 0)
        r = gad_ed25519_verify(key->key, s->global, global, sizeof(s->signature) + comment);
    return r;
}

/* The file has the number in little-endian order. */
void gad_sign_id_text(const uint8_t id[static 8], char text[static GAD_SIGN_ID_TEXT])
{
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(&text[2 * i], 3, "%02X", id[7 - i]);
}
