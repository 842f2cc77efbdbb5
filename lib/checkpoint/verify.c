/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint/internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lib/base/diag.h"

/* Returns what is wrong with a string, or NULL. */
static const char *text_fault(const char *s)
{
    if (strnlen(s, GAD_CKPT_STRING_MAX + 1) > GAD_CKPT_STRING_MAX)
        return "is longer than 4096 bytes";
    for (; *s; s++)
        if (*s < 0x20 || *s > 0x7e)
            return "has a byte that is not printable ASCII";
    return NULL;
}

static const char *label_fault(const char *s)
{
    return *s == '\0' ? "is empty" : text_fault(s);
}

static const char *name_fault(const char *s)
{
    if (*s == '\0')
        return "is empty";
    if (strnlen(s, GAD_CKPT_NAME_MAX + 1) > GAD_CKPT_NAME_MAX)
        return "is longer than 63 characters";
    if (s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-")] != '\0')
        return "has a character other than a-z 0-9 . _ -";
    return NULL;
}

static const char *sha256_fault(const char *s)
{
    return strspn(s, "0123456789abcdef") == 64 && s[64] == '\0' ? NULL : "is not 64 hex digits";
}

static int check_layer(const struct gad_ckpt_net *net, size_t i, struct gad_diag *d)
{
    const struct gad_ckpt_layer *l = &net->layers[i];
    const char *why = NULL;

    if (l->kind != GAD_CKPT_DENSE)
        why = "is of an unknown kind";
    else if ((unsigned)l->act >= GAD_CKPT_N_ACTS)
        why = "has an unknown activation";
    else if (l->in < 1 || l->in > GAD_CKPT_DIM_MAX || l->out < 1 || l->out > GAD_CKPT_DIM_MAX)
        why = "has a dimension outside 1 .. 4096";
    else if (!(l->slope >= 0.0f && l->slope <= 1.0f))
        why = "has a slope outside 0 .. 1";
    else if (!(l->dropout >= 0.0f && l->dropout < 1.0f))
        why = "has a dropout rate outside 0 .. 1";
    if (why)
        return gad_fail(d, GAD_EFORMAT, "net '%s': layer %zu %s", net->name, i, why);
    if (i > 0 && l->in != l[-1].out)
        return gad_fail(d, GAD_EMISMATCH,
                        "net '%s': layer %zu takes %u values, layer %zu returns %u", net->name, i,
                        l->in, i - 1, l[-1].out);
    return 0;
}

static int check_net(const struct gad_checkpoint *c, size_t i, size_t *n_layers, size_t *n_params,
                     struct gad_diag *d)
{
    const struct gad_ckpt_net *net = &c->nets[i];
    const char *why = name_fault(net->name);

    if (why)
        return gad_fail(d, GAD_EFORMAT, "net %zu: name %s", i, why);
    for (size_t k = 0; k < i; k++)
        if (strcmp(c->nets[k].name, net->name) == 0)
            return gad_fail(d, GAD_EFORMAT, "net '%s': duplicate name", net->name);
    *n_layers += net->n_layers; /* each at most LAYERS_MAX, of at most NETS_MAX nets */
    if (*n_layers > GAD_CKPT_LAYERS_MAX)
        return gad_fail(d, GAD_ELIMIT, "net '%s': more than %d layers in all", net->name,
                        GAD_CKPT_LAYERS_MAX);
    for (size_t k = 0; k < net->n_layers; k++) {
        int r = check_layer(net, k, d);
        if (r != 0)
            return r;
        /* at most LAYERS_MAX * (DIM_MAX + 1) * DIM_MAX < 2^31 */
        *n_params += ((size_t)net->layers[k].in + 1) * net->layers[k].out;
    }
    if (*n_params > GAD_CKPT_PARAMS_MAX)
        return gad_fail(d, GAD_ELIMIT, "net '%s': more than %d parameters in all", net->name,
                        GAD_CKPT_PARAMS_MAX);
    return 0;
}

int gad_ckpt_verify_nets(const struct gad_checkpoint *c, struct gad_diag *d)
{
    size_t n_layers = 0, n_params = 0;
    int r = 0;

    for (size_t i = 0; i < c->n_nets && r == 0; i++)
        r = check_net(c, i, &n_layers, &n_params, d);
    return r;
}

static int check_names(const struct gad_checkpoint *c, struct gad_diag *d)
{
    const struct {
        const char *what, *fault;
    } checks[] = {
        {"name", name_fault(c->name)},
        {"model", name_fault(c->model)},
        {"scaler: kind", name_fault(c->scaler.kind)},
        {"score: kind", name_fault(c->score.kind)},
        {"provenance: created", text_fault(c->provenance.created)},
        {"provenance: software", text_fault(c->provenance.software)},
        {"provenance: command", text_fault(c->provenance.command)},
        {"provenance: protocol", text_fault(c->provenance.protocol)},
    };

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (checks[i].fault)
            return gad_fail(d, GAD_EFORMAT, "%s %s", checks[i].what, checks[i].fault);
    return 0;
}

static int check_schema(const struct gad_checkpoint *c, struct gad_diag *d)
{
    const char *why = NULL;

    for (size_t i = 0; i < c->schema.n_numeric; i++)
        if ((why = label_fault(c->schema.numeric[i])) != NULL)
            return gad_fail(d, GAD_EFORMAT, "schema: name of numeric column %zu %s", i, why);
    for (size_t i = 0; i < c->schema.n_groups; i++) {
        const struct gad_ckpt_group *g = &c->schema.groups[i];
        if ((why = label_fault(g->column)) != NULL)
            return gad_fail(d, GAD_EFORMAT, "schema: column of group %zu %s", i, why);
        for (size_t k = 0; k < g->n_categories; k++)
            if ((why = label_fault(g->categories[k])) != NULL)
                return gad_fail(d, GAD_EFORMAT, "schema: group '%.64s': category %zu %s", g->column,
                                k, why);
    }
    return 0;
}

int gad_checkpoint_condition(const struct gad_checkpoint *c, size_t *ret_first, size_t *ret_n,
                             struct gad_diag *d)
{
    size_t first = c->schema.n_numeric;

    if (c->condition[0] == '\0') {
        *ret_first = *ret_n = 0;
        return 0;
    }
    for (size_t i = 0; i < c->schema.n_groups; i++) {
        const struct gad_ckpt_group *g = &c->schema.groups[i];
        if (strcmp(g->column, c->condition) == 0) {
            *ret_first = first;
            *ret_n = g->n_categories;
            return 0;
        }
        first += g->n_categories;
    }
    return gad_fail(d, GAD_EMISMATCH, "condition '%.64s' is not a group of the schema",
                    c->condition);
}

static int check_condition(const struct gad_checkpoint *c, struct gad_diag *d)
{
    const char *why = text_fault(c->condition);
    size_t first, n;

    if (why)
        return gad_fail(d, GAD_EFORMAT, "condition %s", why);
    return gad_checkpoint_condition(c, &first, &n, d);
}

static int check_scaler(const struct gad_checkpoint *c, struct gad_diag *d)
{
    for (size_t i = 0; i < c->scaler.dim; i++) {
        if (!isfinite(c->scaler.offset[i]))
            return gad_fail(d, GAD_EFORMAT, "scaler: offset %zu is not a finite number", i);
        if (!isfinite(c->scaler.range[i]) || c->scaler.range[i] <= 0.0f)
            return gad_fail(d, GAD_EFORMAT, "scaler: range %zu is not a positive number", i);
    }
    for (size_t i = 0; i < c->scaler.n_knots; i++)
        if (!isfinite(c->scaler.knot_x[i]) || !isfinite(c->scaler.knot_y[i]))
            return gad_fail(d, GAD_EFORMAT, "scaler: knot %zu is not a finite number", i);
    return 0;
}

static int check_search(const struct gad_ckpt_search *s, struct gad_diag *d)
{
    if (!(s->tolerance >= 0.0f && s->tolerance < 1.0f))
        return gad_fail(d, GAD_EFORMAT, "search: tolerance is outside 0 .. 1");
    for (size_t i = 0; i < s->n_phases; i++) {
        const struct gad_ckpt_phase *p = &s->phases[i];
        if (i == 0 ? p->from != 0 : p->from <= p[-1].from || p->from >= s->steps)
            return gad_fail(d, GAD_EFORMAT,
                            "search: phase %zu begins at step %u, not ascending from 0 within %u "
                            "steps",
                            i, p->from, s->steps);
        if (!isfinite(p->rate) || p->rate <= 0.0f)
            return gad_fail(d, GAD_EFORMAT, "search: rate %zu is not a positive number", i);
    }
    return 0;
}

static int check_score(const struct gad_checkpoint *c, struct gad_diag *d)
{
    if (!(c->score.weight >= 0.0f && c->score.weight <= 1.0f))
        return gad_fail(d, GAD_EFORMAT, "score: weight is outside 0 .. 1");
    if (c->score.degree > 2)
        return gad_fail(d, GAD_EFORMAT, "score: degree %u, at most 2", c->score.degree);
    return check_search(&c->score.search, d);
}

static int check_calibration(const struct gad_checkpoint *c, struct gad_diag *d)
{
    const double *level = c->calibration.level;
    const float *value = c->calibration.value;
    size_t n = c->calibration.n_levels;

    if (c->calibration.n < 1)
        return gad_fail(d, GAD_EFORMAT, "calibration: no rows");
    if (c->calibration.folds > GAD_CKPT_FOLDS_MAX)
        return gad_fail(d, GAD_EFORMAT, "calibration: %u folds, at most %d", c->calibration.folds,
                        GAD_CKPT_FOLDS_MAX);
    if (c->calibration.worth > c->calibration.n)
        return gad_fail(d, GAD_EFORMAT, "calibration: worth more rows than it has");
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(level[i]) || !isfinite(value[i]))
            return gad_fail(d, GAD_EFORMAT, "calibration: level %zu is not a finite number", i);
        if (i > 0 && level[i] <= level[i - 1])
            return gad_fail(d, GAD_EFORMAT, "calibration: level %zu does not ascend", i);
        if (i > 0 && value[i] < value[i - 1])
            return gad_fail(d, GAD_EFORMAT, "calibration: value %zu descends", i);
    }
    if (level[0] != 0.0 || level[n - 1] != 1.0)
        return gad_fail(d, GAD_EFORMAT, "calibration: levels do not range from 0 to 1");
    return 0;
}

static bool is_shape(double v)
{
    return v >= -1.0 && v <= 100.0; /* false for NaN */
}

/* The distribution must reach beyond the highest score, or nothing could be extrapolated. */
static bool is_tail_point(double shape, double scale, double highest)
{
    return is_shape(shape) && scale > 0.0 && isfinite(scale) && isfinite(highest / scale) &&
           shape * (highest / scale) > -1.0;
}

static int check_tail(const struct gad_checkpoint *c, struct gad_diag *d)
{
    const struct gad_ckpt_tail *t = &c->calibration.tail;
    double highest = (double)c->calibration.value[c->calibration.n_levels - 1] - (double)t->level;
    const char *why = NULL;

    if (t->state != GAD_CKPT_TAIL_FITTED) {
        if (t->state >= GAD_CKPT_TAIL_N_STATES)
            why = "unknown state";
        else if (t->n_peaks != 0 || t->level != 0.0f || t->shape != 0.0 || t->scale != 0.0 ||
                 t->goodness != 0.0)
            why = "not fitted, but with figures";
    } else if (!isfinite(t->level) || !(highest > 0.0))
        why = "the level is not below the highest score";
    else if (t->n_peaks < 1 || t->n_peaks >= c->calibration.n)
        why = "no peaks, or not fewer than the rows";
    else if (!(t->goodness >= 0.0 && t->goodness <= 1.0))
        why = "goodness is outside 0 .. 1";
    else if (!is_tail_point(t->shape, t->scale, highest))
        why = "shape or scale is out of range";
    for (size_t i = 0; !why && t->state == GAD_CKPT_TAIL_FITTED && i < GAD_CKPT_TAIL_CURVE; i++)
        if (!is_tail_point(t->curve_shape[i], t->curve_scale[i], highest))
            why = "a point of the curve is out of range";
    return why ? gad_fail(d, GAD_EFORMAT, "tail: %s", why) : 0;
}

static int check_history(const struct gad_ckpt_history *h, struct gad_diag *d)
{
    for (size_t i = 0; i < h->n; i++)
        if (!isfinite(h->loss_d[i]) || !isfinite(h->loss_g[i]) || !isfinite(h->loss_e[i]) ||
            !isfinite(h->held_out[i]))
            return gad_fail(d, GAD_EFORMAT, "history: a figure of epoch %zu is not a finite number",
                            i + 1);
    return 0;
}

static int check_provenance(const struct gad_checkpoint *c, struct gad_diag *d)
{
    const char *why;

    for (size_t i = 0; i < c->provenance.n_data; i++) {
        const struct gad_ckpt_source *s = &c->provenance.data[i];
        if ((why = label_fault(s->name)) != NULL)
            return gad_fail(d, GAD_EFORMAT, "provenance: name of source %zu %s", i, why);
        if ((why = sha256_fault(s->sha256)) != NULL)
            return gad_fail(d, GAD_EFORMAT, "provenance: SHA-256 of source %zu %s", i, why);
    }
    for (size_t i = 0; i < c->provenance.n_metrics; i++) {
        const struct gad_ckpt_metric *m = &c->provenance.metrics[i];
        if ((why = label_fault(m->name)) != NULL)
            return gad_fail(d, GAD_EFORMAT, "provenance: name of metric %zu %s", i, why);
        if (!isfinite(m->value))
            return gad_fail(d, GAD_EFORMAT, "provenance: metric '%.64s' is not a finite number",
                            m->name);
    }
    return check_history(&c->provenance.history, d);
}

static int check_self_tests(const struct gad_checkpoint *c, struct gad_diag *d)
{
    const char *why;

    for (size_t i = 0; i < c->n_self_tests; i++) {
        if ((why = label_fault(c->self_tests[i].record)) != NULL)
            return gad_fail(d, GAD_EFORMAT, "self-test %zu: record %s", i, why);
        if (!isfinite(c->self_tests[i].score))
            return gad_fail(d, GAD_EFORMAT, "self-test %zu: score is not a finite number", i);
    }
    return 0;
}

static int check_edges(const struct gad_ckpt_histogram *h, const char *column, struct gad_diag *d)
{
    if (h->n_edges == 0 || h->n_edges > GAD_CKPT_EDGES_MAX)
        return gad_fail(d, GAD_ELIMIT, "reference: column '%.64s': %zu edges, allowed are 1 to %d",
                        column, h->n_edges, GAD_CKPT_EDGES_MAX);
    for (size_t i = 0; i < h->n_edges; i++)
        if (!isfinite(h->edge[i]) || (i > 0 && h->edge[i] <= h->edge[i - 1]))
            return gad_fail(d, GAD_EFORMAT, "reference: column '%.64s': edge %zu does not ascend",
                            column, i);
    return 0;
}

static int check_counts(const struct gad_checkpoint *c, const struct gad_ckpt_histogram *h,
                        size_t n_bins, const char *column, struct gad_diag *d)
{
    uint64_t left = c->reference.n;

    if (h->n_bins != n_bins)
        return gad_fail(d, GAD_EMISMATCH, "reference: column '%.64s': %zu counts, not %zu", column,
                        h->n_bins, n_bins);
    for (size_t i = 0; i < n_bins && h->count[i] <= left; i++) {
        left -= h->count[i];
        if (i + 1 == n_bins && left == 0)
            return 0;
    }
    return gad_fail(d, GAD_EMISMATCH,
                    "reference: column '%.64s': the counts do not sum to %" PRIu64 " records",
                    column, c->reference.n);
}

static int verify_reference(const struct gad_checkpoint *c, struct gad_diag *d)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->reference.n_columns; i++) {
        const struct gad_ckpt_histogram *h = &c->reference.column[i];
        if (i < c->schema.n_numeric) {
            r = check_edges(h, c->schema.numeric[i], d);
            if (r == 0)
                r = check_counts(c, h, h->n_edges + 1, c->schema.numeric[i], d);
            continue;
        }
        const struct gad_ckpt_group *g = &c->schema.groups[i - c->schema.n_numeric];
        if (h->n_edges > 0)
            return gad_fail(d, GAD_EFORMAT, "reference: column '%.64s': a group has no edges",
                            g->column);
        r = check_counts(c, h, g->n_categories + 1, g->column, d);
    }
    return r;
}

int gad_ckpt_verify_rest(const struct gad_checkpoint *c, struct gad_diag *d)
{
    int r = check_names(c, d);
    if (r == 0)
        r = check_schema(c, d);
    if (r == 0)
        r = check_condition(c, d);
    if (r == 0)
        r = check_scaler(c, d);
    if (r == 0)
        r = check_score(c, d);
    if (r == 0)
        r = check_calibration(c, d);
    if (r == 0)
        r = check_tail(c, d);
    if (r == 0)
        r = check_provenance(c, d);
    if (r == 0)
        r = verify_reference(c, d);
    if (r == 0)
        r = check_self_tests(c, d);
    return r;
}
