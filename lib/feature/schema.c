/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feature/schema.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/record/record.h"

enum { CATEGORY_MAX = 63 }; /* bytes; the longest real one is "netbios_dgm" */

_Static_assert(GAD_SCHEMA_DIM_MAX <= INT16_MAX, "an element's number fits the tables");

enum { VALUES_MAX = 128 }; /* names of the longest list, with reserve; a byte on the wire */

struct slot {
    enum gad_column column;
    size_t first, n;
    size_t n_values;             /* 0 .. n_values - 1 have an entry below */
    int16_t element[VALUES_MAX]; /* element of a value, or -1 */
};

struct gad_schema {
    size_t dim, n_numeric, n_groups;
    uint8_t numeric[GAD_N_COLUMNS]; /* columns of the first n_numeric elements */
    struct slot group[GAD_N_COLUMNS];
    const char **name; /* (dim), of the elements; numeric: the column table's, else into text */
    char *text;        /* the categories, each with its NUL */
};

/* Returns the element of a value; -1: outside the vocabulary (NaN too). */
static inline int element_of(const struct slot *g, double v)
{
    return v >= 0.0 && v < (double)g->n_values ? g->element[(size_t)v] : -1;
}

/* A name from a file, escaped for a message. */
struct shown {
    char text[80];
};

static struct shown show(const char *s)
{
    struct shown t;
    gad_text_escape(t.text, sizeof(t.text), s, strnlen(s, CATEGORY_MAX + 1));
    return t;
}

/* Number of values of a column that a category can stand for: names, or 0 and 1. */
static size_t n_values(enum gad_column c)
{
    return gad_columns[c].kind == GAD_KIND_NAME ? gad_columns[c].n_names : 2;
}

/* Returns the value of a category; -1: it is in none of our lists. */
static int value_of(enum gad_column c, const char *category)
{
    if (gad_columns[c].kind == GAD_KIND_NAME)
        return gad_name_number(c, category, strlen(category));
    return strcmp(category, "0") == 0 ? 0 : strcmp(category, "1") == 0 ? 1 : -1;
}

/* Marks a column as used. */
static int use_column(const char *name, uint64_t *used, enum gad_column *ret, struct gad_diag *d)
{
    int c = gad_column_by_name(name);

    if (c < 0)
        return gad_fail(d, GAD_EUNKNOWN, "column '%s': not a column of a record", show(name).text);
    if (*used >> c & 1)
        return gad_fail(d, GAD_EFORMAT, "column '%s': used twice", name);
    *used |= UINT64_C(1) << c;
    *ret = (enum gad_column)c;
    return 0;
}

static int set_numeric(struct gad_schema *s, const char *const *numeric, size_t n, uint64_t *used,
                       struct gad_diag *d)
{
    for (size_t i = 0; i < n; i++) {
        enum gad_column c = GAD_N_COLUMNS;
        int r = use_column(numeric[i], used, &c, d); /* fails at the 42nd at the latest */
        if (r != 0)
            return r;
        if (gad_columns[c].kind == GAD_KIND_NAME)
            return gad_fail(d, GAD_EFORMAT, "column '%s': text cannot be a number", numeric[i]);
        s->numeric[s->n_numeric++] = (uint8_t)c;
    }
    return 0;
}

static int check_category(enum gad_column c, const char *category, struct gad_diag *d)
{
    const char *column = gad_columns[c].name;
    size_t len = strnlen(category, CATEGORY_MAX + 1);

    if (len > CATEGORY_MAX)
        return gad_fail(d, GAD_ELIMIT, "column '%s': category '%s' is over %d bytes", column,
                        show(category).text, CATEGORY_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)category[i] <= 0x20 || (unsigned char)category[i] >= 0x7f)
            return gad_fail(d, GAD_EFORMAT, "column '%s': category '%s' is not printable ASCII",
                            column, show(category).text);
    if (len == 0 || (gad_columns[c].kind != GAD_KIND_NAME && value_of(c, category) < 0))
        return gad_fail(d, GAD_EFORMAT, "column '%s': category '%s' cannot occur in it", column,
                        category);
    return 0;
}

/* Every pair: at most 4096^2 / 2 comparisons, nearly all over at the first byte. */
static bool repeats(const struct gad_schema_group *g, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(g->categories[i], g->categories[at]) == 0)
            return true;
    return false;
}

static int set_group(struct gad_schema *s, const struct gad_schema_group *in, uint64_t *used,
                     struct gad_diag *d)
{
    struct slot *g = &s->group[s->n_groups];

    int r = use_column(in->column, used, &g->column, d);
    if (r != 0)
        return r;
    if (gad_columns[g->column].kind != GAD_KIND_NAME &&
        gad_columns[g->column].kind != GAD_KIND_BINARY)
        return gad_fail(d, GAD_EFORMAT, "column '%s': has no categories", in->column);
    if (in->n_categories == 0)
        return gad_fail(d, GAD_EFORMAT, "column '%s': no categories given", in->column);
    g->n = in->n_categories;
    g->n_values = n_values(g->column);
    gad_assert(g->n_values <= VALUES_MAX);
    for (size_t v = 0; v < g->n_values; v++)
        g->element[v] = -1;
    for (size_t i = 0; i < g->n; i++) {
        r = check_category(g->column, in->categories[i], d);
        if (r != 0)
            return r;
        if (repeats(in, i))
            return gad_fail(d, GAD_EFORMAT, "column '%s': category '%s' repeats", in->column,
                            in->categories[i]);
    }
    s->n_groups++;
    return 0;
}

/* Places the elements and copies their names; every check is done. */
static int lay_out(struct gad_schema *s, const struct gad_schema_group *groups)
{
    size_t len = 1, at = 0, j = s->n_numeric;

    for (size_t g = 0; g < s->n_groups; g++)
        for (size_t i = 0; i < groups[g].n_categories; i++)
            len += strlen(groups[g].categories[i]) + 1; /* <= 4096 * 64 */
    s->text = gad_calloc(1, len);
    s->name = gad_calloc(s->dim, sizeof(s->name[0]));
    if (!s->text || !s->name)
        return GAD_ENOMEM;

    for (size_t i = 0; i < s->n_numeric; i++) {
        s->name[i] = gad_columns[s->numeric[i]].name;
    }
    for (size_t g = 0; g < s->n_groups; g++) {
        struct slot *slot = &s->group[g];
        slot->first = j;
        for (size_t i = 0; i < slot->n; i++, j++) {
            const char *category = groups[g].categories[i];
            size_t bytes = strlen(category) + 1;
            int v = value_of(slot->column, category);
            if (v >= 0)
                slot->element[v] = (int16_t)j;
            memcpy(s->text + at, category, bytes);
            s->name[j] = s->text + at;
            at += bytes;
        }
    }
    return 0;
}

int gad_schema_new(const char *const *numeric, size_t n_numeric,
                   const struct gad_schema_group *groups, size_t n_groups, struct gad_schema **ret,
                   struct gad_diag *d)
{
    uint64_t used = 0;
    size_t dim = n_numeric;
    gad_cleanup(gad_schema_freep) struct gad_schema *s = NULL;

    for (size_t g = 0; g < n_groups && dim <= GAD_SCHEMA_DIM_MAX; g++)
        if (__builtin_add_overflow(dim, groups[g].n_categories, &dim))
            dim = SIZE_MAX;
    if (dim > GAD_SCHEMA_DIM_MAX)
        return gad_fail(d, GAD_ELIMIT, "schema has over %d elements", GAD_SCHEMA_DIM_MAX);
    if (dim == 0)
        return gad_fail(d, GAD_EFORMAT, "schema has no elements");

    s = gad_calloc(1, sizeof(*s));
    if (!s)
        return gad_fail(d, GAD_ENOMEM, "no memory for a schema");
    s->dim = dim;
    int r = set_numeric(s, numeric, n_numeric, &used, d);
    for (size_t g = 0; r == 0 && g < n_groups; g++)
        r = set_group(s, &groups[g], &used, d);
    if (r != 0)
        return r;
    if (lay_out(s, groups) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory for a schema");
    *ret = gad_steal(&s);
    return 0;
}

void gad_schema_free(struct gad_schema *s)
{
    if (!s)
        return;
    gad_free(s->name);
    gad_free(s->text);
    gad_free(s);
}

size_t gad_schema_dim(const struct gad_schema *s)
{
    return s->dim;
}

size_t gad_schema_n_numeric(const struct gad_schema *s)
{
    return s->n_numeric;
}

size_t gad_schema_n_groups(const struct gad_schema *s)
{
    return s->n_groups;
}

enum gad_column gad_schema_numeric(const struct gad_schema *s, size_t i)
{
    gad_assert(i < s->n_numeric);
    return (enum gad_column)s->numeric[i];
}

enum gad_column gad_schema_group_column(const struct gad_schema *s, size_t g, size_t *ret_first,
                                        size_t *ret_n)
{
    gad_assert(g < s->n_groups);
    *ret_first = s->group[g].first;
    *ret_n = s->group[g].n;
    return s->group[g].column;
}

const char *gad_schema_element_name(const struct gad_schema *s, size_t j)
{
    gad_assert(j < s->dim);
    return s->name[j];
}

int gad_schema_element(const struct gad_schema *s, size_t g, double v)
{
    gad_assert(g < s->n_groups);
    return element_of(&s->group[g], v);
}

static uint64_t vectorize_one(const struct gad_schema *s, const struct gad_record *rec, float *x,
                              size_t ld)
{
    uint64_t outside = 0;

    for (size_t i = 0; i < s->n_numeric; i++)
        x[i] = (float)rec->v[s->numeric[i]];
    memset(x + s->n_numeric, 0, (ld - s->n_numeric) * sizeof(x[0]));
    for (size_t g = 0; g < s->n_groups; g++) {
        const struct slot *slot = &s->group[g];
        int j = element_of(slot, rec->v[slot->column]);
        if (j >= 0)
            x[j] = 1.0f;
        else
            outside++;
    }
    return outside;
}

uint64_t gad_vectorize(const struct gad_schema *s, size_t n, const struct gad_record *rec, float *x,
                       size_t ld)
{
    uint64_t outside = 0;

    for (size_t i = 0; i < n; i++)
        outside += vectorize_one(s, &rec[i], x + i * ld, ld);
    return outside;
}
