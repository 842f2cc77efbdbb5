/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/score.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"

enum {
    PIPE_CHUNK = 4096,
    FILE_CHUNK = 256 << 10
}; /* POSIX: a pipe that polls writable takes PIPE_BUF */

static const struct score_format *const formats[] = {&score_format_table, &score_format_csv,
                                                     &score_format_json};

void score_take(struct score_run *run, bool whole, struct gad_record rec[static SCORE_BATCH],
                struct score_batch *b)
{
    b->n = input_take(run->in, whole, run->row);
    if (b->n == 0)
        run->at_end = input_ended(run->in, &run->read_err, &run->diag);
    else
        b->id = ++run->next_id;
    for (size_t i = 0; i < b->n; i++) {
        const struct gad_row *row = &run->row[i];
        rec[i] = row->rec;
        b->item[i] = (struct score_item){
            .line = row->line,
            .protocol = (int16_t)row->rec.v[GAD_PROTOCOL_TYPE],
            .service = (int16_t)row->rec.v[GAD_SERVICE],
            .flag = (int16_t)row->rec.v[GAD_FLAG],
        };
    }
}

void score_put(struct score_run *run, const struct score_result *r)
{
    if (run->n == 0 && run->format->head)
        run->format->head(&run->out, &run->look);
    run->n++;
    run->n_anomalous += r->anomalous;
    run->n_unscored += r->unscored;
    run->format->row(&run->out, &run->look, r);
}

int score_write(struct score_run *run, bool all)
{
    while (gad_buf_left(&run->out) > 0) {
        size_t len = gad_buf_left(&run->out);
        if (!all && len > run->out_chunk)
            len = run->out_chunk;
        ssize_t n = write(STDOUT_FILENO, run->out.p + run->out.pos, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN && !all)
            return 0;
        if (n < 0)
            return -errno;
        gad_buf_consume(&run->out, (size_t)n);
        if (!all)
            return 0;
    }
    return 0;
}

static void summary(struct score_run *run, double seconds)
{
    const struct gad_dataset_stats stats = input_stats(run->in);
    char n[SHOW_TEXT], anomalous[SHOW_TEXT], t[SHOW_TEXT], rate[SHOW_TEXT], bad[SHOW_TEXT];

    fprintf(stderr, "%s records, %s anomalous (%.2f %%), %s, %s records/s\n", show_count(run->n, n),
            show_count(run->n_anomalous, anomalous),
            run->n ? 100.0 * (double)run->n_anomalous / (double)run->n : 0.0,
            show_duration(seconds, t),
            show_count(seconds > 0 ? (uint64_t)((double)run->n / seconds) : 0, rate));
    if (run->n > 0)
        fprintf(stderr, "model %s, threshold %.6g\n", run->shown_model,
                (double)run->shown_threshold);
    if (run->n_unscored > 0)
        fprintf(stderr, "%s records were not scored: beyond the model's search_rate\n",
                show_count(run->n_unscored, n));
    if (stats.unknown_names > 0)
        fprintf(stderr, "%s names that are in no list\n", show_count(stats.unknown_names, n));
    if (stats.bad_connections > 0)
        fprintf(stderr,
                "%s records have an address, port, time or Community ID that is none: left out\n",
                show_count(stats.bad_connections, n));
    if (stats.bad_lines > 0 && run->skip_bad && run->at_end)
        fprintf(stderr, "%s bad lines skipped; the first: %s\n", show_count(stats.bad_lines, bad),
                input_first_bad(run->in));
}

static int score(const struct ctl *ctl, struct score_run *run)
{
    struct stat st;

    if (input_open(run->file, run->skip_bad, &run->capture, &run->in, &run->diag) != 0) {
        ctl_say("%s", run->diag.text);
        return CTL_ERROR;
    }
    run->out = GAD_BUF_INIT(SCORE_OUTPUT_MAX);
    run->out_chunk =
        fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) ? FILE_CHUNK : PIPE_CHUNK;
    run->look.colour = show_is_terminal(STDOUT_FILENO);
    progress_start(&run->progress, show_is_terminal(STDERR_FILENO) && !isatty(STDOUT_FILENO),
                   run->file);

    int code = run->local ? score_local(run) : score_by_socket(ctl, run);
    int err = run->out.bad ? GAD_ENOMEM : score_write(run, true);
    double seconds = progress_end(&run->progress);
    if (code == CTL_OK && run->at_end && run->read_err == 0 && run->diag.text[0])
        ctl_say("warning: %s", run->diag.text);
    if (err && code == CTL_OK) {
        ctl_say("cannot write the output: %s", gad_strerror(err));
        code = CTL_ERROR;
    }
    if (code == CTL_OK && run->read_err) {
        ctl_say("%s", run->diag.text);
        code = CTL_ERROR;
    }
    if (code == CTL_OK || run->n > 0)
        summary(run, seconds);
    gad_buf_deinit(&run->out);
    input_close(run->in);
    return code;
}

static const struct score_format *format_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

enum { OPT_LOCAL = 256, OPT_MODEL, OPT_FORMAT, OPT_TOP, OPT_NO_ALERTS, OPT_SKIP_BAD, OPT_FPR };

static const struct option longs[] = {CTL_LONG_OPTIONS,
                                      {"local", required_argument, NULL, OPT_LOCAL},
                                      {"model", required_argument, NULL, OPT_MODEL},
                                      {"format", required_argument, NULL, OPT_FORMAT},
                                      {"top", required_argument, NULL, OPT_TOP},
                                      {"no-alerts", no_argument, NULL, OPT_NO_ALERTS},
                                      {"skip-bad", no_argument, NULL, OPT_SKIP_BAD},
                                      CAPTURE_LONG_OPTIONS,
                                      {"fpr-budget", required_argument, NULL, OPT_FPR},
                                      {NULL, 0, NULL, 0}};

/* One option of score's own. CTL_OK or CTL_USAGE. */
static int take_option(struct score_run *run, int c, char *arg, bool *ret_top)
{
    struct gad_diag d = {""};
    uint64_t top;

    if (c >= CAPTURE_OPTION_FIRST)
        return capture_option_take(&run->capture, c, arg, &d) == 0
                   ? CTL_OK
                   : ctl_usage(&ctl_score, "%s", d.text);
    switch (c) {
    case OPT_LOCAL:
        run->local = arg;
        return CTL_OK;
    case OPT_MODEL:
        run->model = arg;
        return CTL_OK;
    case OPT_NO_ALERTS:
        run->no_alerts = true;
        return CTL_OK;
    case OPT_SKIP_BAD:
        run->skip_bad = true;
        return CTL_OK;
    case OPT_FORMAT:
        run->format = format_by_name(arg);
        return run->format ? CTL_OK
                           : ctl_usage(&ctl_score, "no format '%s': table, csv or json", arg);
    case OPT_TOP:
        if (gad_text_u64(arg, strlen(arg), GAD_N_COLUMNS, &top) != 0)
            return ctl_usage(&ctl_score, "--top '%s': a number from 0 to %d", arg, GAD_N_COLUMNS);
        run->look.top = (unsigned)top;
        *ret_top = true;
        return CTL_OK;
    default:
        if (gad_text_real(arg, strlen(arg), &run->fpr_budget) != 0 || run->fpr_budget <= 0 ||
            run->fpr_budget >= 1)
            return ctl_usage(&ctl_score, "--fpr-budget '%s': a number between 0 and 1", arg);
        return CTL_OK;
    }
}

static int run_score(struct ctl *ctl, int argc, char **argv)
{
    static struct score_run run = {.format = &score_format_table, .fpr_budget = -1};
    bool top_given = false;
    int c, code;

    capture_options_init(&run.capture);
    while ((c = option_next(argc, argv, CTL_OPTIONS, longs, NULL)) != -1) {
        if (c < OPT_LOCAL) {
            if (ctl_option(ctl, &ctl_score, c, optarg, &code) != CTL_OK)
                return code;
        } else if (take_option(&run, c, optarg, &top_given) != CTL_OK) {
            return CTL_USAGE;
        }
    }
    if (argc - optind != 1)
        return ctl_usage(&ctl_score, argc == optind ? "score needs a FILE, or - for stdin"
                                                    : "score takes one FILE");
    if (run.local && (run.model || run.no_alerts || ctl->socket))
        return ctl_usage(&ctl_score,
                         "--local asks no ganadd: --socket, --model and --no-alerts do not fit");
    if (!run.local && run.fpr_budget > 0)
        return ctl_usage(&ctl_score,
                         "--fpr-budget is for --local; ganadd has it in its configuration");
    run.file = argv[optind];
    if (run.fpr_budget < 0)
        run.fpr_budget = 0.001; /* as in ganadd.conf */
    if (!top_given)
        run.look.top = run.format->top;
    code = score(ctl, &run);
    capture_options_deinit(&run.capture);
    return code;
}

const struct ctl_command ctl_score = {
    .name = "score",
    .usage = "[OPTION...] FILE|-",
    .summary =
        "score connection records: a KDD99 or NSL-KDD file (labels are ignored), or a capture",
    .help =
        "  --format table|csv|json  one line a record; csv and json carry every bit of a score "
        "(table)\n"
        "  --top N                  with the N features that make up most of a score (table 3, "
        "else 0)\n"
        "  --model NAME             of ganadd's models, not the first of its configuration\n"
        "  --no-alerts              an anomalous record raises no alert\n"
        "  --skip-bad               skip and count bad lines instead of stopping at the first\n"
        "  --local CHECKPOINT       score in this process, without a ganadd\n"
        "  --fpr-budget F           --local: of normal records a share F may be called "
        "anomalous (0.001)\n"
        "\n"
        "Of a capture, as in extract:\n" CAPTURE_HELP_OPTIONS "\n"
        "Records of a capture, or of a file with the columns of a connection, are sent with their\n"
        "addresses, ports, times and Community ID, and alerts have them.\n"
        "Results are on stdout, in the order of the file; a summary is on stderr.\n",
    .run = run_score,
};
