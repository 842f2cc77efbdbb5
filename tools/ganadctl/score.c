/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/score.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cursor.h"
#include "lib/base/mem.h"
#include "lib/flow/conn.h"
#include "models/detector.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"

/* Bytes per write: POSIX guarantees PIPE_BUF (4096 on Linux) for a pipe that polls writable. */
enum { PIPE_CHUNK = 4096, FILE_CHUNK = 256 << 10 };

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

/* RFC 1952: a gzip member starts with 1f 8b and ends with the length of its text modulo 2^32. */
static uint64_t text_size(const char *file)
{
    uint8_t head[2] = {0}, tail[4] = {0};
    struct stat st;
    uint64_t size = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 4) {
        size = (uint64_t)st.st_size;
        if (pread(fd, head, 2, 0) == 2 && head[0] == 0x1f && head[1] == 0x8b &&
            pread(fd, tail, 4, st.st_size - 4) == 4) {
            struct gad_cursor c = gad_cursor_init(tail, sizeof(tail));
            size = gad_cursor_u32le(&c);
        }
    }
    close(fd);
    return size;
}

void score_progress(struct score_run *run)
{
    char count[SHOW_TEXT], rate[SHOW_TEXT], left[SHOW_TEXT];

    if (!bar_due(&run->bar))
        return;
    double s = bar_seconds(&run->bar);
    show_count(run->n, count);
    show_count((uint64_t)((double)run->n / s), rate);
    if (run->input_size == 0) {
        bar_draw(&run->bar, -1, "%s records, %s/s", count, rate);
        return;
    }
    double done = (double)input_stats(run->in).bytes / (double)run->input_size;
    done = done < 1 ? done : 1;
    bar_draw(&run->bar, done, "%s records, %s/s, %s left", count, rate,
             show_duration(done > 0 ? s * (1 - done) / done : 0, left));
}

/* --- one run --- */

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
        fprintf(stderr, "%s records were not scored: beyond the search_rate of the model\n",
                show_count(run->n_unscored, n));
    if (stats.unknown_names > 0)
        fprintf(stderr, "%s unknown names\n", show_count(stats.unknown_names, n));
    if (stats.bad_connections > 0)
        fprintf(
            stderr,
            "%s records have an invalid address, port, time or Community ID, which is left out\n",
            show_count(stats.bad_connections, n));
    if (stats.bad_lines > 0 && run->skip_bad && run->at_end)
        fprintf(stderr, "%s bad lines skipped; the first: %s\n", show_count(stats.bad_lines, bad),
                input_first_bad(run->in));
}

/* --- a checkpoint in this process --- */

struct local {
    struct gad_detector *det;
    struct gad_workspace *ws;
    struct score_batch batch;
    struct gad_record rec[SCORE_BATCH];
    float score[SCORE_BATCH];
};

static void explain(struct local *l, const struct gad_record *rec, size_t most,
                    struct score_result *r, char text[static GAD_N_COLUMNS][2][GAD_VALUE_TEXT])
{
    struct gad_reason why[GAD_N_COLUMNS];

    size_t n = gad_detector_explain(l->det, l->ws, rec, why);
    r->n_reasons = n < most ? n : most;
    for (size_t i = 0; i < r->n_reasons; i++) {
        gad_value_text(why[i].column, why[i].value, text[i][0]);
        gad_value_text(why[i].column, why[i].expected, text[i][1]);
        r->reason[i] = (struct score_reason){gad_columns[why[i].column].name, text[i][0],
                                             text[i][1], (float)why[i].share};
    }
}

static void put_batch(struct local *l, struct score_run *run)
{
    char text[GAD_N_COLUMNS][2][GAD_VALUE_TEXT];
    struct score_result r = {
        .model = gad_detector_name(l->det),
        .sha256 = gad_detector_sha256_hex(l->det),
        .threshold = run->shown_threshold,
    };

    (void)gad_detector_score(l->det, l->ws, l->batch.n, l->rec, l->score);
    for (size_t i = 0; i < l->batch.n; i++) {
        r.item = &l->batch.item[i];
        r.score = l->score[i];
        r.p_value = (float)gad_detector_p_value(l->det, r.score);
        r.anomalous = r.score > r.threshold && !(l->rec[i].notes & GAD_NOTE_BACKGROUND);
        if (run->look.top > 0)
            explain(l, &l->rec[i], run->look.top, &r, text);
        score_put(run, &r);
    }
}

static int score_all(struct local *l, struct score_run *run)
{
    run->shown_threshold = gad_detector_threshold(l->det, run->fpr_budget);
    (void)snprintf(run->shown_model, sizeof(run->shown_model), "%s (%.16s)",
                   gad_detector_name(l->det), gad_detector_sha256_hex(l->det));
    while (score_take(run, false, l->rec, &l->batch), !run->at_end) {
        if (l->batch.n > 0)
            put_batch(l, run);
        /* Without input the results so far are shown before the wait. */
        bool idle = l->batch.n == 0;
        int err =
            idle || gad_buf_left(&run->out) >= SCORE_OUTPUT_HIGH / 4 ? score_write(run, true) : 0;
        if (err) {
            cli_say("cannot write the output: %s", gad_strerror(err));
            gad_buf_consume(&run->out, gad_buf_left(&run->out));
            return CLI_FAILED;
        }
        struct pollfd p = {.fd = input_fd(run->in), .events = POLLIN};
        if (idle)
            (void)poll(&p, 1, -1);
        score_progress(run);
    }
    return CLI_OK;
}

static int score_local(struct score_run *run)
{
    gad_cleanup(gad_freep) struct local *l = gad_calloc(1, sizeof(*l));
    int code = CLI_FAILED;

    if (!l || gad_detector_open(run->local, &l->det, &run->diag) != 0)
        cli_say("%s", l ? run->diag.text : "no memory");
    else if (gad_workspace_new(l->det, SCORE_BATCH, &l->ws) != 0)
        cli_say("no memory");
    else
        code = score_all(l, run);
    if (l) {
        gad_workspace_free(l->ws);
        gad_detector_free(l->det);
    }
    return code;
}

static int score(struct score_run *run)
{
    struct stat st;

    int err = input_open(run->file, run->skip_bad, &run->capture, &run->in, &run->diag);
    if (err != 0)
        return cli_failed(err, &run->diag);
    run->out = GAD_BUF_INIT(SCORE_OUTPUT_MAX);
    run->out_chunk =
        fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) ? FILE_CHUNK : PIPE_CHUNK;
    run->look.colour = show_is_terminal(STDOUT_FILENO);
    bar_start(&run->bar, show_is_terminal(STDERR_FILENO) && !isatty(STDOUT_FILENO));
    if (run->bar.on && strcmp(run->file, "-") != 0)
        run->input_size = text_size(run->file);

    int code = run->local ? score_local(run) : score_by_socket(run);
    err = run->out.bad ? GAD_ENOMEM : score_write(run, true);
    double seconds = bar_seconds(&run->bar);
    bar_clear(&run->bar);
    if (code == CLI_OK && run->at_end && run->read_err == 0 && run->diag.text[0])
        cli_say("warning: %s", run->diag.text);
    if (err && code == CLI_OK) {
        cli_say("cannot write the output: %s", gad_strerror(err));
        code = CLI_FAILED;
    }
    if (code == CLI_OK && run->read_err)
        code = cli_failed(run->read_err, &run->diag);
    if (code == CLI_OK || run->n > 0)
        summary(run, seconds);
    if (code == CLI_OK && run->at_end && input_is_damaged(run->in))
        code = CLI_FAILED; /* after the warning */
    gad_buf_deinit(&run->out);
    input_close(run->in);
    return code;
}

/* --- options --- */

enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };
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

/* Applies one option that only score has. Returns 0, or an error with @d naming it. */
static int take_option(struct score_run *run, int c, char *arg, bool *ret_top, struct gad_diag *d)
{
    const char *names[N_FORMATS];
    size_t format = 0;
    uint64_t top = 0;
    int err;

    if (c >= CAPTURE_OPTION_FIRST)
        return capture_option_take(&run->capture, c, arg, d);
    switch (c) {
    case OPT_LOCAL:
        run->local = arg;
        return 0;
    case OPT_MODEL:
        run->model = arg;
        return 0;
    case OPT_NO_ALERTS:
        run->no_alerts = true;
        return 0;
    case OPT_SKIP_BAD:
        run->skip_bad = true;
        return 0;
    case OPT_FORMAT:
        for (size_t i = 0; i < N_FORMATS; i++)
            names[i] = formats[i]->name;
        err = cli_choice("--format", arg, names, N_FORMATS, &format, d);
        run->format = formats[format];
        return err;
    case OPT_TOP:
        err = cli_u64("--top", arg, 0, GAD_N_COLUMNS, &top, d);
        run->look.top = (unsigned)top;
        *ret_top = true;
        return err;
    default:
        return cli_share("--fpr-budget", arg, &run->fpr_budget, d);
    }
}

static int run_score(const struct cli_command *self, int argc, char **argv)
{
    static struct score_run run = {.format = &score_format_table, .fpr_budget = -1};
    bool top_given = false;
    struct gad_diag d = {""};
    int c;

    capture_options_init(&run.capture);
    while ((c = option_next(argc, argv, CTL_OPTIONS, longs, NULL)) != -1) {
        if (c < OPT_LOCAL) {
            if (ctl_option(self, c, optarg) != CLI_OK)
                return CLI_USAGE;
        } else if (take_option(&run, c, optarg, &top_given, &d) != 0) {
            return cli_usage(self, "%s", d.text);
        }
    }
    if (argc - optind != 1)
        return cli_usage(self, argc == optind ? "needs a FILE, or - for stdin" : "takes one FILE");
    if (run.local && (run.model || run.no_alerts || *ctl_socket_option()))
        return cli_usage(self,
                         "--local uses no ganadd: --socket, --model and --no-alerts do not fit");
    if (!run.local && run.fpr_budget > 0)
        return cli_usage(self, "--fpr-budget is for --local; ganadd has it in its configuration");
    run.file = argv[optind];
    if (run.fpr_budget < 0)
        run.fpr_budget = 0.001; /* as in ganadd.conf */
    if (!top_given)
        run.look.top = run.format->top;
    int code = score(&run);
    capture_options_deinit(&run.capture);
    return code;
}

const struct cli_command command_score = {
    .name = "score",
    .usage = "[OPTION...] FILE|-",
    .summary =
        "score connection records: a KDD99 or NSL-KDD file (labels are ignored), or a capture",
    .help =
        "  --format table|csv|json  one line per record (table); csv and json have the exact "
        "scores\n"
        "  --top N                  show the N features that contribute most to a score\n"
        "                           (table 3, else 0)\n"
        "  --model NAME             use this model of ganadd; without it ganadd chooses by the\n"
        "                           networks of its models, else the first of its configuration\n"
        "  --no-alerts              an anomalous record raises no alert\n"
        "  --skip-bad               skip and count bad lines instead of stopping at the first\n"
        "  --local CHECKPOINT       score in this process, without a ganadd\n"
        "  --fpr-budget F           --local: the false-positive rate that sets the threshold "
        "(0.001)\n"
        "\n"
        "For a capture, as in extract:\n" CAPTURE_HELP_OPTIONS "\n"
        "Records of a capture, or of a file with connection columns, are sent with their\n"
        "addresses, ports, times and Community ID, and alerts contain them.\n"
        "Results are on stdout, in the order of the file; a summary is on stderr.\n",
    .run = run_score,
};
