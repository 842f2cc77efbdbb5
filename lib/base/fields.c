/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

static bool is_name(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || s[i] == '_'))
            return false;
    return len > 0 && len < GAD_FIELD_NAME;
}

static bool is_value(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    return len < GAD_FIELD_VALUE;
}

/* One line without its end. */
static int parse_line(const char *line, size_t len, struct gad_fields *f)
{
    const char *equals = memmem(line, len, " =", 2);

    if (!equals)
        return GAD_EFORMAT;
    size_t n_name = (size_t)(equals - line), skip = n_name + 2;
    if (skip < len && line[skip] == ' ')
        skip++;
    if (!is_name(line, n_name) || !is_value(line + skip, len - skip))
        return GAD_EFORMAT;
    if (f->n == GAD_FIELDS_MAX)
        return GAD_ELIMIT;
    memcpy(f->field[f->n].name, line, n_name);
    f->field[f->n].name[n_name] = '\0';
    memcpy(f->field[f->n].value, line + skip, len - skip);
    f->field[f->n++].value[len - skip] = '\0';
    return 0;
}

int gad_fields_parse(const char *file, const char *text, size_t len, struct gad_fields *ret,
                     struct gad_diag *d)
{
    size_t line = 1;

    ret->n = 0;
    for (size_t at = 0; at < len; line++) {
        const char *end = memchr(text + at, '\n', len - at);
        if (!end)
            return gad_fail(d, GAD_EFORMAT, "%s:%zu: the line has no end", file, line);
        int r = parse_line(text + at, (size_t)(end - (text + at)), ret);
        if (r == GAD_ELIMIT)
            return gad_fail(d, r, "%s:%zu: more than %d lines", file, line, GAD_FIELDS_MAX);
        if (r != 0)
            return gad_fail(d, r, "%s:%zu: not 'name = value'", file, line);
        at = (size_t)(end - text) + 1;
    }
    return 0;
}

int gad_fields_read(const char *path, struct gad_fields *ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *p = NULL;
    size_t len;

    int r = gad_file_read(path, GAD_FIELDS_FILE_MAX, &p, &len, d);
    return r == 0 ? gad_fields_parse(path, (const char *)p, len, ret, d) : r;
}

int gad_fields_write(const char *path, const struct gad_fields *f, struct gad_diag *d)
{
    struct gad_buf b = GAD_BUF_INIT(GAD_FIELDS_FILE_MAX);

    for (size_t i = 0; i < f->n; i++)
        gad_buf_printf(&b, "%s = %s\n", f->field[i].name, f->field[i].value);
    int r = b.bad ? gad_fail(d, GAD_ENOMEM, "%s: no memory", path)
                  : gad_file_write_atomic(path, b.p, b.len, d);
    gad_buf_deinit(&b);
    return r;
}

static size_t find(const struct gad_fields *f, const char *name)
{
    size_t i = 0;

    while (i < f->n && strcmp(f->field[i].name, name) != 0)
        i++;
    return i;
}

void gad_fields_set(struct gad_fields *f, const char *name, const char *format, ...)
{
    size_t i = find(f, name);
    char *value;
    va_list ap;

    gad_assert(i < GAD_FIELDS_MAX && is_name(name, strlen(name)));
    if (i == f->n)
        (void)snprintf(f->field[f->n++].name, GAD_FIELD_NAME, "%s", name);
    value = f->field[i].value;
    va_start(ap, format);
    (void)vsnprintf(value, GAD_FIELD_VALUE, format, ap);
    va_end(ap);
    for (char *p = value; *p; p++)
        *p = is_value(p, 1) ? *p : '?';
}

const char *gad_fields_get(const struct gad_fields *f, const char *name)
{
    size_t i = find(f, name);

    return i < f->n ? f->field[i].value : "";
}

uint64_t gad_fields_u64(const struct gad_fields *f, const char *name, uint64_t max,
                        uint64_t otherwise)
{
    const char *s = gad_fields_get(f, name);
    uint64_t v;

    return gad_text_u64(s, strlen(s), max, &v) == 0 ? v : otherwise;
}
