/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sign/claim.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"

struct word {
    const char *p;
    size_t len;
};

/* Takes the next word, which spaces and tabs separate. Returns false at the end. */
static bool next_word(const char **at, const char *end, struct word *ret)
{
    const char *p = *at;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    ret->p = p;
    while (p < end && *p != ' ' && *p != '\t')
        p++;
    ret->len = (size_t)(p - ret->p);
    *at = p;
    return ret->len > 0;
}

/* If the word begins with @key, moves it behind that. */
static bool skip(struct word *w, const char *key)
{
    size_t len = strlen(key);

    if (w->len < len || memcmp(w->p, key, len) != 0)
        return false;
    w->p += len;
    w->len -= len;
    return true;
}

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static int take_model(const struct word *w, struct gad_claim *ret, struct gad_diag *d)
{
    bool fits = w->len > 0 && w->len < sizeof(ret->model);

    for (size_t i = 0; fits && i < w->len; i++)
        fits = is_of_name(w->p[i]);
    if (!fits)
        return gad_fail(d, GAD_EFORMAT, "trusted comment: 'model=' without a name of a model");
    if (*ret->model)
        return gad_fail(d, GAD_EFORMAT, "trusted comment: 'model=' twice");
    memcpy(ret->model, w->p, w->len);
    ret->model[w->len] = '\0';
    return 0;
}

static int take_version(const struct word *w, struct gad_claim *ret, struct gad_diag *d)
{
    uint64_t version = 0;

    if (gad_text_u64(w->p, w->len, GAD_CLAIM_VERSION_MAX, &version) != 0 || version == 0)
        return gad_fail(d, GAD_EFORMAT,
                        "trusted comment: 'version=' without a number from 1 to 4294967295");
    if (ret->version != 0)
        return gad_fail(d, GAD_EFORMAT, "trusted comment: 'version=' twice");
    ret->version = version;
    return 0;
}

int gad_claim_parse(const char *text, size_t len, struct gad_claim *ret, struct gad_diag *d)
{
    const char *at = text, *end = text + len;
    struct gad_claim c = {.version = 0};
    struct word w;
    int r = 0;

    *ret = c;
    if (!next_word(&at, end, &w) || w.len != 5 || memcmp(w.p, "ganad", 5) != 0)
        return GAD_END;
    while (r == 0 && next_word(&at, end, &w)) {
        if (skip(&w, "model="))
            r = take_model(&w, &c, d);
        else if (skip(&w, "version="))
            r = take_version(&w, &c, d);
    }
    if (r == 0)
        *ret = c;
    return r;
}
