/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/dataset/record_text.h"
#include "lib/record/extractor.h"
#include "tools/common/bar.h"
#include "tools/common/capture_input.h"
#include "tools/common/capture_options.h"
#include "tools/common/option.h"
#include "tools/common/output.h"
#include "tools/common/show.h"

struct extract {
    char *const *input; /* files, directories or "-" */
    size_t n_inputs;
    struct gad_record_form form;
    bool head; /* a first line with the names of the columns */
    struct capture_options capture;
    const char *out; /* or NULL */
    bool merge;      /* each input is a separate lane */
};

struct run {
    const struct extract *e;
    struct gad_extractor *x;
    size_t n_lanes;
    struct output out;
    struct gad_diag d;
    struct bar bar;
    bool is_incomplete; /* a file, or part of one, could not be read */
};

/* The sums over all lanes. */
struct totals {
    struct gad_net_stats net;
    struct gad_flow_counters flow;
};

static struct totals totals_of(const struct run *run)
{
    struct totals t = {.net = {0}};

    for (size_t i = 0; i < run->n_lanes; i++) {
        struct gad_net_stats net = gad_extractor_net(run->x, i);
        struct gad_flow_counters flow = gad_extractor_flow(run->x, i);
        gad_counters_add(&t.net, &net, gad_net_counters, GAD_NET_COUNTERS);
        gad_counters_add(&t.flow, &flow, gad_flow_counters, GAD_FLOW_COUNTERS);
        gad_unread_add(&t.net.ether_types, &net.ether_types);
        gad_unread_add(&t.net.ip_protocols, &net.ip_protocols);
    }
    return t;
}

static void show_progress(struct run *run)
{
    char frames[SHOW_TEXT], records[SHOW_TEXT], rate[SHOW_TEXT];

    if (!bar_due(&run->bar))
        return;
    uint64_t n = totals_of(run).net.frames;
    bar_draw(&run->bar, -1, "%s packets, %s records, %s packets/s", show_count(n, frames),
             show_count(gad_extractor_stats(run->x).records, records),
             show_count((uint64_t)((double)n / bar_seconds(&run->bar)), rate));
}

/* Appends those of the counters that are doubtful and not 0. Returns what goes before the next. */
static const char *doubts(const void *s, const struct gad_counter_item *item, size_t n,
                          const char *before)
{
    char a[SHOW_TEXT];

    for (; n > 0; n--, item++) {
        uint64_t v = gad_counter_get(s, item);
        if (item->kind < GAD_COUNTER_DOUBT || v == 0)
            continue;
        (void)fprintf(stderr, "%s%s %s", before, item->name, show_count(v, a));
        before = ", ";
    }
    return before;
}

static void summary(const struct run *run)
{
    double s = bar_seconds(&run->bar);
    struct totals t = totals_of(run);
    const struct gad_extractor_stats st = gad_extractor_stats(run->x);
    uint64_t refused = gad_net_refused(&t.net);
    struct gad_unread_item unread[GAD_UNREAD_ITEMS];
    char a[SHOW_TEXT], b[SHOW_TEXT];

    (void)fprintf(stderr, "%s packets", show_count(t.net.frames, a));
    (void)fprintf(stderr, " of %s file%s", show_count(st.files, a), st.files == 1 ? "" : "s");
    if (st.files_damaged > 0)
        (void)fprintf(stderr, " (%s damaged)", show_count(st.files_damaged, a));
    (void)fprintf(stderr, ", %s refused", show_count(refused, b));
    const char *before = ": ";
    for (size_t f = GAD_NET_FIRST_REFUSAL; f < GAD_N_NET_FATES; f++)
        if (t.net.fate[f] > 0) {
            (void)fprintf(stderr, "%s%s %s", before, gad_net_reason_name((enum gad_net_fate)f),
                          show_count(t.net.fate[f], a));
            before = ", ";
        }
    (void)fprintf(stderr, "\n");
    size_t n = gad_unread_list(&t.net.ether_types, &t.net.ip_protocols, GAD_UNREAD_SHOWN, unread);
    show_unread(stderr, "not read: ", unread, n);
    (void)fprintf(stderr, "%s records of %s connections", show_count(st.records, a),
                  show_count(t.flow.ended, b));
    if (t.flow.evicted > 0)
        (void)fprintf(stderr, ", %s evicted (see --max-flows)", show_count(t.flow.evicted, a));
    (void)fprintf(stderr, ", %s", show_duration(s, a));
    (void)fprintf(stderr, ", %s packets/s\n",
                  show_count(s > 0.0 ? (uint64_t)((double)t.net.frames / s) : 0, b));
    before = doubts(&t.net, gad_net_counters, GAD_NET_COUNTERS, "doubtful: ");
    before = doubts(&t.flow, gad_flow_counters, GAD_FLOW_COUNTERS, before);
    if (strcmp(before, ", ") == 0)
        (void)fprintf(stderr, "\n");
}

static int on_record(void *arg, struct gad_time decided, const struct gad_record *r)
{
    struct run *run = arg;

    const struct gad_record_about about = {.decided = decided, .times_known = true};

    gad_record_text(&run->out.buf, &run->e->form, r, &about);
    return output_flush(&run->out, &run->d);
}

static int add_input(struct run *run, const char *path, size_t lane)
{
    run->d.text[0] = '\0';
    int r = capture_input_add(run->x, lane, path, run->e->capture.recursive, &run->d);
    if (r == 0 && run->d.text[0] != '\0')
        cli_say("warning: %s", run->d.text);
    return r;
}

static int open_all(struct run *run)
{
    const struct extract *e = run->e;
    struct gad_extractor_options opt = gad_extractor_defaults();

    capture_options_apply(&e->capture, &opt);
    opt.community_id = e->form.with_connection;
    run->n_lanes = e->merge ? e->n_inputs : 1;
    int r = gad_extractor_new(&opt, run->n_lanes, &run->x, &run->d);
    for (size_t i = 0; r == 0 && i < e->n_inputs; i++)
        r = add_input(run, e->input[i], e->merge ? i : 0);
    if (r == 0)
        r = output_open(&run->out, e->out, &run->d);
    if (r == 0 && e->head && !e->form.ndjson)
        gad_record_text_head(&run->out.buf, &e->form);
    return r;
}

static int read_all(struct run *run)
{
    int r = GAD_MORE;

    while (r == GAD_MORE) {
        run->d.text[0] = '\0';
        r = gad_extractor_step(run->x, on_record, run, &run->d);
        if (r == GAD_MORE && run->d.text[0] != '\0') {
            bar_clear(&run->bar);
            cli_say("warning: %s", run->d.text);
        }
        show_progress(run);
    }
    bar_clear(&run->bar);
    if (r != GAD_END)
        return r;
    const struct gad_extractor_stats st = gad_extractor_stats(run->x);
    if (st.files == 0)
        return gad_fail(&run->d, GAD_EFORMAT, "no capture among the files");
    run->is_incomplete = st.files_damaged + st.files_failed > 0;
    return output_commit(&run->out, &run->d);
}

static int extract(const struct extract *e)
{
    struct run run = {.e = e, .out = {.fd = -1}};

    /* On a terminal that shows the records a bar would mix with them. */
    bar_start(&run.bar, show_is_terminal(STDERR_FILENO) && (e->out || !isatty(STDOUT_FILENO)));
    int r = open_all(&run);
    if (r == 0)
        r = read_all(&run);
    if (r == 0)
        summary(&run);
    else
        (void)cli_failed(r, &run.d);
    output_deinit(&run.out);
    gad_extractor_free(run.x);
    return r == 0 && !run.is_incomplete ? CLI_OK : CLI_FAILED;
}

/* --- options --- */

enum {
    OPT_FORMAT = 256,
    OPT_LABEL,
    OPT_WITH_CONNECTION,
    OPT_HEAD,
    OPT_MERGE,
};

static const struct option longs[] = {{"out", required_argument, NULL, 'o'},
                                      {"format", required_argument, NULL, OPT_FORMAT},
                                      {"label", required_argument, NULL, OPT_LABEL},
                                      {"with-connection", no_argument, NULL, OPT_WITH_CONNECTION},
                                      {"head", no_argument, NULL, OPT_HEAD},
                                      CAPTURE_LONG_OPTIONS,
                                      {"merge", no_argument, NULL, OPT_MERGE},
                                      {NULL, 0, NULL, 0}};

static int take_option(struct extract *e, int c, const char *arg, struct gad_diag *d)
{
    static const char *const formats[] = {"csv", "ndjson"};
    size_t format = 0;
    int err;

    if (c >= CAPTURE_OPTION_FIRST)
        return capture_option_take(&e->capture, c, arg, d);
    switch (c) {
    case 'o':
        e->out = arg;
        break;
    case OPT_FORMAT:
        err = cli_choice("--format", arg, formats, 2, &format, d);
        e->form.ndjson = format == 1;
        return err;
    case OPT_LABEL:
        e->form.label = arg;
        if (!gad_record_text_is_label(arg))
            return gad_fail(d, GAD_EINVAL,
                            "--label: '%s' is not 1 to 31 letters, digits, '_' and '-'", arg);
        break;
    case OPT_WITH_CONNECTION:
        e->form.with_connection = true;
        break;
    case OPT_HEAD:
        e->head = true;
        break;
    default:
        e->merge = true;
    }
    return 0;
}

/* CLI_OK, or CLI_USAGE after a message. */
static int parse(const struct cli_command *self, int argc, char **argv, struct extract *e)
{
    struct gad_diag d = {""};
    int c;

    while ((c = option_next(argc, argv, "o:", longs, NULL)) != -1) {
        if (c == '?')
            return cli_try_help(self);
        if (take_option(e, c, optarg, &d) != 0)
            return cli_usage(self, "%s", d.text);
    }
    if (e->head && e->form.ndjson)
        return cli_usage(self, "--head is for csv; in ndjson the keys are the names");
    e->input = argv + optind;
    e->n_inputs = (size_t)(argc - optind);
    if (e->n_inputs == 0)
        return cli_usage(self, "needs captures: files, directories, or - for the standard input");
    return CLI_OK;
}

static int run_extract(const struct cli_command *self, int argc, char **argv)
{
    struct extract e = {.merge = false};

    capture_options_init(&e.capture);
    int code = parse(self, argc, argv, &e);
    if (code == CLI_OK)
        code = extract(&e);
    capture_options_deinit(&e.capture);
    return code;
}

const struct cli_command command_extract = {
    .name = "extract",
    .usage = "[OPTION...] PCAP|DIRECTORY|-...",
    .summary = "write connection records, with all 41 features, from captured packets",
    .help =
        "  -o, --out FILE           write to FILE, which appears complete or not at all\n"
        "  --format csv|ndjson      csv: as the KDD99 files, 41 columns without a header line;\n"
        "                           ndjson: one object per line\n"
        "  --label NAME             add a column with this label, such as normal\n"
        "  --with-connection        add addresses, ports, times and the Community ID\n"
        "  --head                   csv: the names of the columns in the first line; fit and "
        "score\n"
        "                           then read files with the connection, too\n" CAPTURE_HELP_OPTIONS
        "  --merge                  the inputs are captures of the same time from several places\n"
        "\n"
        "The inputs, pcap or pcapng, plain or packed with gzip, zstd, xz or bzip2, are read one "
        "after\n"
        "the other as one capture; of a directory all files, in the order in which they were "
        "written.\n"
        "Records are in the order in which connections ended. Counters are on stderr. What a "
        "truncated\n"
        "or damaged file still holds is read, with a warning; after damage the exit status is 1.\n",
    .run = run_extract,
};
