/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/match.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Not strncasecmp(), which depends on the locale. */
static bool same_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

bool gad_span_is(struct gad_span s, const char *word)
{
    return s.len == strlen(word) && same_nocase(s.p, word, s.len);
}

bool gad_span_starts(struct gad_span s, const char *word)
{
    size_t len = strlen(word);
    return s.len >= len && same_nocase(s.p, word, len);
}

bool gad_span_ends(struct gad_span s, const char *word)
{
    size_t len = strlen(word);
    return s.len >= len && same_nocase(s.p + s.len - len, word, len);
}

bool gad_span_has(struct gad_span s, const char *word)
{
    return s.len > 0 && memmem(s.p, s.len, word, strlen(word)) != NULL;
}

bool gad_span_has_nocase(struct gad_span s, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= s.len; i++)
        if (lower(s.p[i]) == word[0] && same_nocase(s.p + i, word, len))
            return true;
    return false;
}

static bool any(struct gad_span s, const char *const *words,
                bool match(struct gad_span s, const char *word))
{
    for (; *words; words++)
        if (match(s, *words))
            return true;
    return false;
}

bool gad_span_is_any(struct gad_span s, const char *const *words)
{
    return any(s, words, gad_span_is);
}

bool gad_span_starts_any(struct gad_span s, const char *const *words)
{
    return any(s, words, gad_span_starts);
}

bool gad_span_ends_any(struct gad_span s, const char *const *words)
{
    return any(s, words, gad_span_ends);
}

bool gad_span_has_any(struct gad_span s, const char *const *words)
{
    return any(s, words, gad_span_has);
}

bool gad_span_has_any_nocase(struct gad_span s, const char *const *words)
{
    return any(s, words, gad_span_has_nocase);
}

struct gad_span gad_span_token(struct gad_span *s)
{
    while (s->len > 0 && is_blank(*s->p)) {
        s->p++;
        s->len--;
    }
    struct gad_span t = {.p = s->p};
    while (s->len > 0 && !is_blank(*s->p)) {
        s->p++;
        s->len--;
        t.len++;
    }
    return t;
}

struct gad_span gad_span_trim(struct gad_span s)
{
    while (s.len > 0 && is_blank(*s.p)) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

struct gad_span gad_span_basename(struct gad_span s)
{
    const char *slash = s.len > 0 ? memrchr(s.p, '/', s.len) : NULL;
    if (!slash)
        return s;
    size_t skip = (size_t)(slash + 1 - s.p);
    return (struct gad_span){.p = s.p + skip, .len = s.len - skip};
}
