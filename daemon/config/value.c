/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/keys.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "daemon/credential.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/wire/socket.h"

enum { VALUE_MAX = 1024 }; /* bytes of a value; libinih's lines are shorter */

static int set_bool(const char *text, bool *field, struct gad_diag *d)
{
    bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0)
        return gad_fail(d, GAD_EINVAL, "'%s' is neither yes nor no", text);
    *field = yes;
    return 0;
}

struct unit {
    const char *name;
    double factor;
};

/* Parses digits and one of the units; returns false if the text is not that. */
static bool scan_unit(const char *text, const struct unit *units, size_t n, double *ret)
{
    size_t digits = strspn(text, "0123456789.");
    double v;

    if (gad_text_decimal(text, digits, &v) != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text + digits, units[i].name) == 0) {
            *ret = v * units[i].factor;
            return true;
        }
    }
    return false;
}

static int out_of_range(const struct config_key *k, const char *text, const char *unit,
                        struct gad_diag *d)
{
    return gad_fail(d, GAD_EINVAL, "'%s' is out of range %.9g .. %.9g%s", text, k->min, k->max,
                    unit);
}

static int set_count(const struct config_key *k, const char *text, uint64_t *field,
                     struct gad_diag *d)
{
    uint64_t v;
    int r = gad_text_u64(text, strlen(text), UINT64_MAX, &v);

    if (r == GAD_EFORMAT)
        return gad_fail(d, GAD_EINVAL, "'%s' is not a whole number", text);
    if (r != 0 || (double)v < k->min || (double)v > k->max)
        return out_of_range(k, text, "", d);
    *field = v;
    return 0;
}

static int set_size(const struct config_key *k, const char *text, uint64_t *field,
                    struct gad_diag *d)
{
    static const struct unit units[] = {
        {"", 1}, {"K", 1024}, {"M", 1024.0 * 1024}, {"G", 1024.0 * 1024 * 1024}};
    double v;

    if (!scan_unit(text, units, sizeof(units) / sizeof(units[0]), &v))
        return gad_fail(d, GAD_EINVAL, "'%s' is not a size such as 65536, 64K or 1M", text);
    if (v < k->min || v > k->max)
        return out_of_range(k, text, " bytes", d);
    *field = (uint64_t)v;
    return 0;
}

static int set_duration(const struct config_key *k, const char *text, struct gad_time *field,
                        struct gad_diag *d)
{
    static const struct unit units[] = {{"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}};
    double v;

    if (!scan_unit(text, units, sizeof(units) / sizeof(units[0]), &v))
        return gad_fail(d, GAD_EINVAL, "'%s' is not a time such as 500ms, 10s or 5min", text);
    if (v < k->min || v > k->max)
        return out_of_range(k, text, " s", d);
    *field = (struct gad_time){(int64_t)(v * 1e9)};
    return 0;
}

static int set_real(const struct config_key *k, const char *text, double *field, struct gad_diag *d)
{
    double v = (double)NAN;

    if (*text && gad_text_real(text, strlen(text), &v) != 0)
        return gad_fail(d, GAD_EINVAL, "'%s' is not a number", text);
    if (!*text && (!k->fallback || *k->fallback))
        return gad_fail(d, GAD_EINVAL, "is empty");
    if (v < k->min || v > k->max)
        return out_of_range(k, text, "", d);
    *field = v;
    return 0;
}

static int set_mode(const struct config_key *k, const char *text, uint32_t *field,
                    struct gad_diag *d)
{
    uint32_t v = 0;
    size_t len = strlen(text);

    if (len < 3 || len > 4 || strspn(text, "01234567") != len)
        return gad_fail(d, GAD_EINVAL, "'%s' is not an octal mode such as 0660", text);
    for (size_t i = 0; i < len; i++)
        v = v * 8 + (uint32_t)(text[i] - '0');
    if (v > (uint32_t)k->max)
        return gad_fail(d, GAD_EINVAL, "'%s' is above 0777", text);
    *field = v;
    return 0;
}

static bool is_one_of(const char *choices, const char *text)
{
    size_t len = strlen(text);

    for (const char *p = choices; *p;) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, text, n) == 0)
            return true;
        p += n + (p[n] == '|');
    }
    return false;
}

enum { CHOICES_MAX = 16, CHOICE_TEXT = 128 };

static int no_choice(const struct config_key *k, const char *text, struct gad_diag *d)
{
    char copy[CHOICE_TEXT], *rest = copy;
    const char *name[CHOICES_MAX];
    size_t n = 0;

    (void)snprintf(copy, sizeof(copy), "%s", k->choices);
    while (rest && n < CHOICES_MAX)
        name[n++] = strsep(&rest, "|");
    int near = gad_text_nearest(text, name, n);
    if (near >= 0)
        return gad_fail(d, GAD_EINVAL, "'%s' is not one of %s; did you mean '%s'?", text,
                        k->choices, name[near]);
    return gad_fail(d, GAD_EINVAL, "'%s' is not one of %s", text, k->choices);
}

static bool is_name(const char *text)
{
    static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(text);

    return len <= 64 && strspn(text, bytes) == len;
}

static int check_text(const struct config_key *k, const char *text, struct gad_diag *d)
{
    size_t len = strlen(text);
    bool is_secret = k->type == CONFIG_SECRET && credential_is_meant(text);
    bool is_path = k->type == CONFIG_PATH || k->type == CONFIG_SOCKET || k->type == CONFIG_SECRET;

    if (k->type == CONFIG_CHOICE && !is_one_of(k->choices, text))
        return no_choice(k, text, d);
    if (k->type == CONFIG_CHOICE)
        return 0;
    if (len == 0)
        return k->fallback ? 0 : gad_fail(d, GAD_EINVAL, "is empty");
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return gad_fail(d, GAD_EINVAL, "has a byte that is not printable ASCII");
    if (is_secret && !credential_is_named(text))
        return gad_fail(d, GAD_EINVAL,
                        "'%s' does not name a credential: the name has to be a file name", text);
    if (is_path && !is_secret && text[0] != '/')
        return gad_fail(d, GAD_EINVAL, "'%s' is not an absolute path", text);
    if (strstr(text, " #"))
        return gad_fail(d, GAD_EINVAL, "'%s': a comment after a value begins with ' ;'", text);
    if (k->type == CONFIG_SOCKET && len >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return gad_fail(d, GAD_EINVAL,
                        "is %zu bytes long, the limit for the path of a socket is %zu", len,
                        sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
    if (k->type == CONFIG_NAME && !is_name(text))
        return gad_fail(d, GAD_EINVAL,
                        "'%s' is not a name of up to 64 letters, digits, '.', '_' and '-'", text);
    if (k->type == CONFIG_ADDRESS && (strchr(text, '/') || !strrchr(text, ':')))
        return gad_fail(d, GAD_EINVAL, "'%s' is not HOST:PORT", text);
    return k->type == CONFIG_ADDRESS ? gad_socket_check(text, d) : 0;
}

int config_value_set(const struct config_key *k, const char *text, void *field, struct gad_diag *d)
{
    if (strnlen(text, VALUE_MAX) == VALUE_MAX)
        return gad_fail(d, GAD_EINVAL, "is over %d bytes long", VALUE_MAX - 1);

    switch (k->type) {
    case CONFIG_BOOL:
        return set_bool(text, field, d);
    case CONFIG_COUNT:
        return set_count(k, text, field, d);
    case CONFIG_SIZE:
        return set_size(k, text, field, d);
    case CONFIG_DURATION:
        return set_duration(k, text, field, d);
    case CONFIG_REAL:
        return set_real(k, text, field, d);
    case CONFIG_MODE:
        return set_mode(k, text, field, d);
    case CONFIG_CHOICE:
    case CONFIG_NAME:
    case CONFIG_PATH:
    case CONFIG_SECRET:
    case CONFIG_SOCKET:
    case CONFIG_ADDRESS:
    case CONFIG_TEXT:
        break;
    }
    int r = check_text(k, text, d);
    if (r == 0)
        *(const char **)field = text;
    return r;
}
