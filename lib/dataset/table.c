/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/table.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/dataset/attack.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/line.h"
#include "lib/dataset/thin.h"

enum {
    ROWS_FIRST = 4096,
    LABEL_SLOTS = 4 * GAD_TABLE_LABELS_MAX /* a power of two: the hash is masked */
};

#define NEVER INT64_MIN

struct features {
    float v[GAD_N_COLUMNS];
};

struct gad_table {
    size_t n, cap, max;
    struct features *row;
    uint16_t *label_of;    /* (n) */
    struct gad_time *time; /* (n), NEVER for a row without a time; NULL: no row has one */
    size_t n_timed;
    struct gad_thin thin;
    uint32_t *draw; /* (cap) of each row; NULL: all rows are kept */
    size_t n_labels, n_sources;
    char label[GAD_TABLE_LABELS_MAX][GAD_LABEL_TEXT];
    uint64_t label_rows[GAD_TABLE_LABELS_MAX];
    bool is_normal[GAD_TABLE_LABELS_MAX];
    const struct gad_table_options *opt; /* while files are read */
    uint16_t slot[LABEL_SLOTS];          /* label + 1, by hash; 0: free */
    struct gad_table_source source[];
};

static uint32_t hash(const char *s)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

/* A given label can have the dot that files have. */
static bool is_name_of(const char *given, const char *label)
{
    size_t len = strlen(label);
    return strncmp(given, label, len) == 0 && (given[len] == '\0' || strcmp(given + len, ".") == 0);
}

static bool means_normal(const struct gad_table_options *opt, const char *label)
{
    if (!opt || opt->n_normal == 0)
        return gad_label_is_normal(label);
    for (size_t i = 0; i < opt->n_normal; i++)
        if (is_name_of(opt->normal[i], label))
            return true;
    return false;
}

/* Returns the number of a label, a new one if needed; -1: too many labels. */
static int intern(struct gad_table *t, const char *label)
{
    uint32_t h = hash(label) & (LABEL_SLOTS - 1);

    for (; t->slot[h] != 0; h = (h + 1) & (LABEL_SLOTS - 1))
        if (strcmp(t->label[t->slot[h] - 1], label) == 0)
            return t->slot[h] - 1;
    if (t->n_labels == GAD_TABLE_LABELS_MAX)
        return -1;
    memcpy(t->label[t->n_labels], label, GAD_LABEL_TEXT);
    t->is_normal[t->n_labels] = means_normal(t->opt, label);
    t->slot[h] = (uint16_t)++t->n_labels;
    return (int)t->n_labels - 1;
}

static int resize(struct gad_table *t, size_t cap)
{
    struct features *row = gad_realloc_array(t->row, cap, sizeof(*row));
    if (!row)
        return GAD_ENOMEM;
    t->row = row;
    uint16_t *label_of = gad_realloc_array(t->label_of, cap, sizeof(*label_of));
    if (!label_of)
        return GAD_ENOMEM;
    t->label_of = label_of;
    if (t->time) {
        struct gad_time *time = gad_realloc_array(t->time, cap, sizeof(*time));
        if (!time)
            return GAD_ENOMEM;
        t->time = time;
    }
    if (t->opt->sample) {
        uint32_t *draw = gad_realloc_array(t->draw, cap, sizeof(*draw));
        if (!draw)
            return GAD_ENOMEM;
        t->draw = draw;
    }
    t->cap = cap;
    return 0;
}

/* Drops rows of a full table. */
static int halve(struct gad_table *t)
{
    gad_cleanup(gad_freep) float *service = gad_calloc(t->n, sizeof(*service));
    gad_cleanup(gad_freep) bool *keep = gad_calloc(t->n, sizeof(*keep));
    size_t n = 0;

    if (!service || !keep)
        return GAD_ENOMEM;
    for (size_t i = 0; i < t->n; i++)
        service[i] = t->row[i].v[GAD_SERVICE];
    (void)gad_thin_halve(&t->thin, t->n, service, t->draw, t->max, keep);
    for (size_t i = 0; i < t->n; i++) {
        if (!keep[i]) {
            t->n_timed -= t->time && t->time[i].ns != NEVER;
            continue;
        }
        t->row[n] = t->row[i];
        t->label_of[n] = t->label_of[i];
        t->draw[n] = t->draw[i];
        if (t->time)
            t->time[n] = t->time[i];
        n++;
    }
    t->n = n;
    return 0;
}

/* Stores the time of the row at n; the first row with a time allocates space for all. */
static int append_time(struct gad_table *t, const struct gad_row *row)
{
    if (row->is_timed && !t->time) {
        t->time = gad_calloc(t->cap, sizeof(*t->time));
        if (!t->time)
            return GAD_ENOMEM;
        for (size_t i = 0; i < t->n; i++)
            t->time[i].ns = NEVER;
    }
    if (t->time)
        t->time[t->n].ns = row->is_timed ? row->time.ns : NEVER;
    t->n_timed += row->is_timed;
    return 0;
}

static int append(struct gad_table *t, const struct gad_row *row, struct gad_diag *d)
{
    bool keep;
    int label = intern(t, row->label);

    if (label < 0)
        return gad_fail(d, GAD_ELIMIT, "more than %d different labels", GAD_TABLE_LABELS_MAX);
    t->label_rows[label]++;
    uint32_t draw = gad_thin_next(&t->thin, row->rec.v[GAD_SERVICE], &keep);
    if (!keep)
        return 0;
    if (t->n == t->max && t->opt->sample && halve(t) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory for a sample of %zu rows", t->max);
    if (t->n == t->max)
        return gad_fail(d, GAD_ELIMIT, "more than %zu rows", t->max);
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : ROWS_FIRST; /* < 2 * GAD_TABLE_ROWS_MAX */
        if (resize(t, cap < t->max ? cap : t->max) != 0)
            return gad_fail(d, GAD_ENOMEM, "no memory for %zu rows", cap);
    }
    if (append_time(t, row) != 0)
        return gad_fail(d, GAD_ENOMEM, "no memory for the times of %zu rows", t->cap);
    for (int c = 0; c < GAD_N_COLUMNS; c++)
        t->row[t->n].v[c] = (float)row->rec.v[c];
    if (t->draw)
        t->draw[t->n] = draw;
    t->label_of[t->n++] = (uint16_t)label;
    return 0;
}

static void hex(const uint8_t *p, size_t len, char *text)
{
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = "0123456789abcdef"[p[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
    }
    text[2 * len] = '\0';
}

/* "a, b and 3 more"; NULL: out of memory. */
static char *passed_over(const struct gad_head *h)
{
    enum { NAMED = 6 };
    struct gad_buf b = GAD_BUF_INIT(NAMED * (GAD_HEAD_NAME + 2) + 32);
    size_t n = 0;

    for (int c = 0; c < h->n_columns; c++)
        if (gad_head_is_passed_over(h, c) && n++ < NAMED)
            gad_buf_printf(&b, "%s%s", n > 1 ? ", " : "", h->name[c]);
    if (n > NAMED)
        gad_buf_printf(&b, " and %zu more", n - NAMED);
    char *text = b.bad ? NULL : gad_strndup(b.len ? (const char *)b.p : "", b.len);
    gad_buf_deinit(&b);
    return text;
}

static int describe(struct gad_table_source *src, const char *path, struct gad_dataset *s)
{
    const struct gad_dataset_stats *st = gad_dataset_stats(s);
    const char *slash = strrchr(path, '/'), *bad = gad_dataset_first_bad(s);
    const char *name = strcmp(path, "-") == 0 ? "stdin" : slash ? slash + 1 : path;
    const struct gad_head *head = gad_dataset_head(s);
    const char *label = head->n_columns > 0 && head->label >= 0 ? head->name[head->label] : "";
    uint8_t sum[32];

    int r = gad_dataset_sha256(s, sum);
    if (r != 0)
        return r;
    hex(sum, sizeof(sum), src->sha256);
    src->rows = st->rows;
    src->bad_lines = st->bad_lines;
    src->unknown_names = st->unknown_names;
    src->name = gad_strndup(name, strlen(name));
    src->bytes = st->bytes;
    src->first_bad = gad_strndup(bad, strlen(bad));
    src->label_column = gad_strndup(label, strlen(label));
    src->passed_over = passed_over(head);
    return src->name && src->first_bad && src->label_column && src->passed_over ? 0 : GAD_ENOMEM;
}

static int load_one(struct gad_table *t, const char *path, bool skip_bad, struct gad_diag *d)
{
    const struct gad_dataset_options opt = {.skip_bad = skip_bad, .sha256 = true};
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_row row;

    int r = gad_dataset_open(path, &opt, &s, d);
    if (r != 0)
        return r;
    while ((r = gad_dataset_next(s, &row, d)) == 0) {
        r = append(t, &row, d);
        if (r != 0) {
            gad_diag_prefix(d, "%s:%llu", path, (unsigned long long)row.line);
            return r;
        }
    }
    if (r != GAD_END)
        return r;
    r = describe(&t->source[t->n_sources++], path, s);
    return r == 0 ? 0 : gad_fail(d, r, "%s: %s", path, gad_strerror(r));
}

int gad_table_load(const char *const *path, size_t n_paths, const struct gad_table_options *opt,
                   struct gad_table **ret, struct gad_diag *d)
{
    static const struct gad_table_options usual = {0};
    size_t len;
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;

    opt = opt ? opt : &usual;

    if (gad_mul_size(n_paths, sizeof(t->source[0]), &len) && len < SIZE_MAX - sizeof(*t))
        t = gad_calloc(1, sizeof(*t) + len);
    if (!t)
        return gad_fail(d, GAD_ENOMEM, "no memory for a table");
    t->max = opt->sample ? opt->sample : opt->max_rows ? opt->max_rows : GAD_TABLE_ROWS_MAX;
    if (t->max > GAD_TABLE_ROWS_MAX)
        t->max = GAD_TABLE_ROWS_MAX;
    t->opt = opt;
    for (size_t i = 0; i < n_paths; i++) {
        int r = load_one(t, path[i], opt->skip_bad, d);
        if (r != 0)
            return r;
    }
    t->opt = NULL;
    *ret = gad_steal(&t);
    return 0;
}

void gad_table_free(struct gad_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n_sources; i++) {
        gad_free(t->source[i].passed_over);
        gad_free(t->source[i].label_column);
        gad_free(t->source[i].first_bad);
        gad_free(t->source[i].name);
    }
    gad_free(t->draw);
    gad_free(t->time);
    gad_free(t->label_of);
    gad_free(t->row);
    gad_free(t);
}

size_t gad_table_n_rows(const struct gad_table *t)
{
    return t->n;
}

uint64_t gad_table_n_seen(const struct gad_table *t)
{
    return t->thin.seen;
}

double gad_table_share(const struct gad_table *t)
{
    return 1.0 / (double)(UINT32_C(1) << t->thin.shift);
}

bool gad_table_is_drawn(const struct gad_table *t, size_t i)
{
    gad_assert(i < t->n);
    return !t->draw || gad_thin_is_drawn(&t->thin, t->draw[i]);
}

size_t gad_table_n_timed(const struct gad_table *t)
{
    return t->n_timed;
}

bool gad_table_time(const struct gad_table *t, size_t i, struct gad_time *ret)
{
    gad_assert(i < t->n);
    if (!t->time || t->time[i].ns == NEVER)
        return false;
    *ret = t->time[i];
    return true;
}

size_t gad_table_n_sources(const struct gad_table *t)
{
    return t->n_sources;
}

const struct gad_table_source *gad_table_source(const struct gad_table *t, size_t i)
{
    gad_assert(i < t->n_sources);
    return &t->source[i];
}

const float *gad_table_features(const struct gad_table *t, size_t i)
{
    gad_assert(i < t->n);
    return t->row[i].v;
}

void gad_table_record(const struct gad_table *t, size_t i, struct gad_record *ret)
{
    const float *v = gad_table_features(t, i);

    *ret = (struct gad_record){0};
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        double max = gad_columns[c].max; /* 2^32 - 1 became 2^32, the nearest float32 */
        ret->v[c] = (double)v[c] < max ? (double)v[c] : max;
    }
}

size_t gad_table_n_labels(const struct gad_table *t)
{
    return t->n_labels;
}

const char *gad_table_label_name(const struct gad_table *t, size_t label)
{
    gad_assert(label < t->n_labels);
    return t->label[label];
}

size_t gad_table_label(const struct gad_table *t, size_t i)
{
    gad_assert(i < t->n);
    return t->label_of[i];
}

bool gad_table_is_normal(const struct gad_table *t, size_t i)
{
    return gad_table_label_is_normal(t, gad_table_label(t, i));
}

bool gad_table_has_label(const struct gad_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_labels; i++)
        if (is_name_of(name, t->label[i]))
            return true;
    return false;
}

uint64_t gad_table_label_rows(const struct gad_table *t, size_t label)
{
    gad_assert(label < t->n_labels);
    return t->label_rows[label];
}

bool gad_table_label_is_normal(const struct gad_table *t, size_t label)
{
    gad_assert(label < t->n_labels);
    return t->is_normal[label];
}

enum gad_attack_class gad_table_label_class(const struct gad_table *t, size_t label)
{
    enum gad_attack_class class = gad_attack_class(gad_table_label_name(t, label));

    if (t->is_normal[label])
        return GAD_CLASS_NORMAL;
    return class == GAD_CLASS_NORMAL ? GAD_CLASS_UNKNOWN : class;
}

/* Floats that compare equal have the same bits here: the reader produces neither negative zero nor
 * NaN. */
static uint64_t features_hash(const struct features *f)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t j = 0; j < GAD_N_COLUMNS; j++) {
        uint32_t bits;
        memcpy(&bits, &f->v[j], sizeof(bits));
        h = (h ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

/* Open addressing, at most half full. Rows that were crafted to collide cost time but do not change
 * the result. */
int gad_table_first(const struct gad_table *t, uint32_t *first)
{
    size_t slots = 16;

    while (slots < 2 * t->n) /* n <= GAD_TABLE_ROWS_MAX */
        slots *= 2;
    gad_cleanup(gad_freep) uint32_t *slot = gad_calloc(slots, sizeof(*slot)); /* row + 1; 0: free */
    if (!slot)
        return GAD_ENOMEM;
    for (size_t i = 0; i < t->n; i++) {
        size_t at = (size_t)features_hash(&t->row[i]) & (slots - 1);

        /* NOLINTNEXTLINE(*-memory-comparison,cert-exp42-c,cert-flp37-c): bits decide */
        while (slot[at] != 0 && memcmp(&t->row[slot[at] - 1], &t->row[i], sizeof(t->row[i])) != 0)
            at = (at + 1) & (slots - 1);
        if (slot[at] == 0)
            slot[at] = (uint32_t)i + 1;
        first[i] = slot[at] - 1;
    }
    return 0;
}

bool gad_table_is_labelled(const struct gad_table *t)
{
    for (size_t i = 0; i < t->n_labels; i++)
        if (t->label[i][0] == '\0')
            return false;
    return t->n > 0;
}
