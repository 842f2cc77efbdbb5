/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int gad_text_u64(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;

    if (len == 0)
        return GAD_EFORMAT;
    for (size_t i = 0; i < len; i++) {
        unsigned d = (unsigned)(unsigned char)s[i] - '0';
        if (d > 9)
            return GAD_EFORMAT;
        if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
            __builtin_add_overflow(v, (uint64_t)d, &v))
            return GAD_ELIMIT;
    }
    if (v > max)
        return GAD_ELIMIT;
    *ret = v;
    return 0;
}

static const double pow10_exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                     1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};

enum { SIGNIFICANT_MAX = 19 }; /* 10^19 - 1 fits 64 bits */

/* Reads [-]digits[.digits] and returns the bytes it took (0: none); value = +-digits / 10^scale.
 * @bare_point: no digit before the point is needed. */
static size_t scan_decimal(const char *s, size_t len, bool bare_point, uint64_t *digits,
                           unsigned *scale, bool *negative)
{
    size_t i = 0, n = 0;
    bool point = false;

    *digits = 0;
    *scale = 0;
    *negative = len > 0 && s[0] == '-';
    i += *negative;
    size_t first = i;
    for (; i < len; i++) {
        unsigned d = (unsigned)(unsigned char)s[i] - '0';
        if (s[i] == '.' && !point && (bare_point || i > first)) {
            point = true;
            continue;
        }
        if (d > 9)
            break;
        if (n == SIGNIFICANT_MAX)
            return 0;
        n += *digits != 0 || d != 0;
        *digits = *digits * 10 + d;
        if (point && ++*scale > SIGNIFICANT_MAX)
            return 0;
    }
    if (i == first || s[i - 1] == '.')
        return 0;
    return i;
}

/* Digits below 2^53 and powers up to 10^19 (5^19 < 2^53) are exact, so only the division rounds;
 * longer digits round once before it. */
static double quotient(uint64_t digits, unsigned scale)
{
    return (double)digits / pow10_exact[scale];
}

int gad_text_decimal(const char *s, size_t len, double *ret)
{
    uint64_t digits;
    unsigned scale;
    bool negative;

    if (len == 0 || scan_decimal(s, len, false, &digits, &scale, &negative) != len)
        return GAD_EFORMAT;
    double v = quotient(digits, scale);
    *ret = negative ? -v : v;
    return 0;
}

int gad_text_real(const char *s, size_t len, double *ret)
{
    uint64_t digits, e = 0;
    unsigned scale;
    bool negative;

    size_t used = scan_decimal(s, len, true, &digits, &scale, &negative);
    if (used == 0)
        return GAD_EFORMAT;
    double v = quotient(digits, scale);
    if (used < len) {
        size_t at = used + 1;
        bool down = at < len && s[at] == '-';
        at += at < len && (s[at] == '-' || s[at] == '+');
        if ((s[used] != 'e' && s[used] != 'E') || gad_text_u64(s + at, len - at, 300, &e) != 0)
            return GAD_EFORMAT;
        v = down ? v / pow(10.0, (double)e) : v * pow(10.0, (double)e);
        if (!isfinite(v))
            return GAD_ELIMIT;
    }
    *ret = negative ? -v : v;
    return 0;
}

enum {
    WORD_MAX = 64,
    /* Costs of errors, the more common ones less: two exchanged letters, one letter too few or
     * too many, a wrong one. A missing ending costs almost nothing. */
    COST_LETTER = 4,
    COST_SWAP = 3,
    COST_WRONG = 5,
    COST_ENDING = 1,
    COST_ENDING_MAX = COST_LETTER, /* of the whole ending */
    PREFIX_MIN = 2,                /* letters from which an abbreviation counts */
};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edit distance with transpositions of neighbours (optimal string alignment), three rows of the
 * table at a time. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
    unsigned rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = (unsigned)j * COST_LETTER;
    for (size_t i = 1; i <= na; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i * COST_LETTER;
        for (size_t j = 1; j <= nb; j++) {
            row[j] = above[j - 1] + (a[i - 1] != b[j - 1] ? COST_WRONG : 0);
            row[j] = least(row[j], least(above[j], row[j - 1]) + COST_LETTER);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_above[j - 2] + COST_SWAP);
        }
    }
    return rows[na % 3][nb];
}

/* The same, but an abbreviation is near. */
static unsigned distance_to(const char *word, size_t len, const char *name)
{
    size_t n = strnlen(name, WORD_MAX);

    if (len >= PREFIX_MIN && len < n && memcmp(word, name, len) == 0)
        return least((unsigned)(n - len) * COST_ENDING, COST_ENDING_MAX);
    return distance(word, len, name, n);
}

int gad_text_nearest(const char *word, const char *const *names, size_t n)
{
    size_t len = strnlen(word, WORD_MAX);
    unsigned best = (unsigned)(len / 3 + 1) * COST_WRONG + 1;
    int at = -1;

    for (size_t i = 0; i < n; i++) {
        unsigned d = distance_to(word, len, names[i]);
        if (d < best) {
            best = d;
            at = (int)i;
        }
    }
    return at;
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

int gad_text_casecmp(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) - lower(*b);
}

size_t gad_text_utf8(const unsigned char *s, size_t len)
{
    static const struct {
        unsigned char first, last, second_from, second_to;
        size_t n;
    } rows[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        if (s[0] < rows[r].first || s[0] > rows[r].last)
            continue;
        if (len < rows[r].n || s[1] < rows[r].second_from || s[1] > rows[r].second_to)
            return 0;
        for (size_t i = 2; i < rows[r].n; i++)
            if (s[i] < 0x80 || s[i] > 0xbf)
                return 0;
        return rows[r].n;
    }
    return 0;
}

size_t gad_text_printable(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned c = s[0];
    size_t n = c >= 0xc2 && c <= 0xdf   ? 2
               : c >= 0xe0 && c <= 0xef ? 3
               : c >= 0xf0 && c <= 0xf4 ? 4
                                        : 0;

    if (c >= 0x20 && c <= 0x7e)
        return 1;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) /* the terminating NUL ends this too */
            return 0;
    if ((c == 0xc2 && s[1] < 0xa0) || (c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
        (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
        return 0; /* C1, overlong, surrogates, overlong, beyond U+10FFFF */
    return n;
}

void gad_text_escape(char *dst, size_t dst_len, const char *s, size_t len)
{
    size_t at = 0;

    if (dst_len == 0)
        return;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool plain = c >= 0x20 && c <= 0x7e;
        if (at + (plain ? 1 : 4) + 4 > dst_len) { /* the next character, then "..." and NUL */
            at += (size_t)snprintf(dst + at, dst_len - at, "...");
            if (at >= dst_len)
                at = dst_len - 1;
            break;
        }
        if (plain)
            dst[at++] = (char)c;
        else
            at += (size_t)snprintf(dst + at, dst_len - at, "\\x%02x", c);
    }
    dst[at] = '\0';
}
