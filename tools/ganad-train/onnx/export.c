/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/detector.h"
#include "tools/common/option.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/onnx/graph.h"
#include "tools/ganad-train/onnx/models.h"

GAD_DEFINE_CLEANUP(struct onnx_graph, onnx_graph_free);

/* Comma-separated, in the order of the elements. */
static void add_list(struct onnx_graph *g, const char *key, size_t n,
                     void (*print)(const struct gad_checkpoint *c, size_t i, struct gad_buf *b),
                     const struct gad_checkpoint *c)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(1 << 20);

    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            gad_buf_printf(&b, ",");
        print(c, i, &b);
    }
    gad_buf_add(&b, "", 1);
    onnx_metadata(g, key, b.bad ? "" : (const char *)b.p);
}

static void print_log(const struct gad_checkpoint *c, size_t i, struct gad_buf *b)
{
    gad_buf_printf(b, "%d", c->scaler.log[i] ? 1 : 0);
}

static void print_offset(const struct gad_checkpoint *c, size_t i, struct gad_buf *b)
{
    gad_buf_printf(b, "%.9g", (double)c->scaler.offset[i]);
}

static void print_range(const struct gad_checkpoint *c, size_t i, struct gad_buf *b)
{
    gad_buf_printf(b, "%.9g", (double)c->scaler.range[i]);
}

static void print_knots(const struct gad_checkpoint *c, size_t i, struct gad_buf *b)
{
    gad_buf_printf(b, "%u", c->scaler.knots[i]);
}

static void print_knot(const struct gad_checkpoint *c, size_t i, struct gad_buf *b)
{
    gad_buf_printf(b, "%.9g:%.9g", (double)c->scaler.knot_x[i], (double)c->scaler.knot_y[i]);
}

/* "src_bytes", "service=http" */
static void print_element(const struct gad_checkpoint *c, size_t i, struct gad_buf *b)
{
    size_t at = c->schema.n_numeric;

    if (i < at) {
        gad_buf_printf(b, "%s", c->schema.numeric[i]);
        return;
    }
    for (size_t k = 0; k < c->schema.n_groups; k++) {
        const struct gad_ckpt_group *group = &c->schema.groups[k];
        if (i < at + group->n_categories) {
            gad_buf_printf(b, "%s=%s", group->column, group->categories[i - at]);
            return;
        }
        at += group->n_categories;
    }
}

/* Metadata: how to compute "x" from a record, and the checkpoint of the scores. */
static void describe(struct onnx_graph *g, const struct gad_checkpoint *c,
                     const struct gad_detector *det)
{
    size_t dim = c->scaler.dim;

    onnx_metadata(g, "ganad.name", c->name);
    onnx_metadata(g, "ganad.model", c->model);
    onnx_metadata(g, "ganad.score", c->score.kind);
    if (c->condition[0] != '\0')
        onnx_metadata(g, "ganad.condition", c->condition);
    onnx_metadata(g, "ganad.sha256", gad_detector_sha256_hex(det));
    add_list(g, "ganad.elements", dim, print_element, c);
    onnx_metadata(g, "ganad.scaler", c->scaler.kind);
    add_list(g, "ganad.scaler.log", dim, print_log, c);
    add_list(g, "ganad.scaler.offset", dim, print_offset, c);
    add_list(g, "ganad.scaler.range", dim, print_range, c);
    if (c->scaler.n_knots > 0) {
        add_list(g, "ganad.scaler.knots", dim, print_knots, c);
        add_list(g, "ganad.scaler.knot", c->scaler.n_knots, print_knot, c);
    }
}

static int export(const char *path, const char *out, struct gad_diag *d)
{
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(onnx_graph_freep) struct onnx_graph *g = NULL;
    gad_cleanup(gad_freep) uint8_t *bytes = NULL;
    size_t len = 0;

    int err = gad_checkpoint_read(path, &c, d);
    if (err == 0) /* the self-test runs before the export */
        err = gad_detector_new(path, c, &det, d);
    if (err == 0)
        err = onnx_graph_new(&g);
    if (err == 0)
        err = onnx_score(g, c, d);
    if (err != 0)
        return err;
    describe(g, c, det);
    err = onnx_graph_pack(g, c->scaler.dim, &bytes, &len);
    if (err == 0)
        err = gad_file_write_atomic(out, bytes, len, d);
    if (err == 0)
        (void)printf("%s: %s, score %s, %zu bytes; x (N, %zu) to score (N) and reconstruction\n",
                     out, c->name, c->score.kind, len, c->scaler.dim);
    return err;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option options[] = {
        {"onnx", no_argument, NULL, 'x'}, {"out", required_argument, NULL, 'o'}, {0}};
    const char *out = NULL;
    struct gad_diag d = {0};
    bool onnx = false;

    for (int c; (c = option_next(argc, argv, "o:", options, NULL)) != -1;) {
        if (c == '?')
            return cli_try_help(self); /* getopt said why */
        if (c == 'x')
            onnx = true;
        else
            out = optarg;
    }
    if (optind == argc)
        return cli_usage(self, "give one checkpoint, and where the file goes with --out");
    if (optind < argc - 1 && !out)
        return cli_usage(self, "'%s' is a second argument: the file goes after --out",
                         argv[optind + 1]);
    if (optind < argc - 1)
        return cli_usage(self, "give one checkpoint: '%s' is one more", argv[optind + 1]);
    if (!onnx)
        return cli_usage(self, "say which format, with --onnx");
    if (!out || !out[0])
        return cli_usage(self, "say where the file goes with --out");
    if (cli_is_same_file(argv[optind], out))
        return cli_usage(self, "--out: '%s' is the checkpoint itself", out);
    int err = export(argv[optind], out, &d);
    return err != 0 ? cli_failed(err, &d) : cli_flushed();
}

const struct cli_command command_export = {
    .name = "export",
    .summary = "write a checkpoint's score as an ONNX graph",
    .help =
        "Usage: ganad-train export --onnx CHECKPOINT --out FILE\n\n"
        "Writes the whole score as one ONNX graph (operator set 13). Its input is x, rows of\n"
        "scaled features; its outputs are score and reconstruction. The metadata of the file have\n"
        "the names of the elements in order and the scaler, to compute x from a record. A model\n"
        "that searches (anogan) has no such graph.\n\n"
        "  --onnx            the format\n"
        "  -o, --out FILE    the file; replaced atomically\n",
    .run = run,
};
