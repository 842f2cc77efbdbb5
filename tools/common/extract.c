/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/net/directory.h"
#include "lib/record/extractor.h"
#include "tools/common/output.h"
#include "tools/common/show.h"

enum { SILENT_NS = 1000000000, REDRAW_NS = 100000000 };

struct run {
    const struct extract *e;
    extract_say_fn *say;
    struct gad_extractor *x;
    size_t n_lanes;
    struct output out;
    struct gad_diag d;
    bool shows_progress, drawn;
    struct gad_time start, last_drawn;
};

/* All lanes together, as far as they are told. */
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
        t.net.frames += net.frames;
        for (size_t f = 0; f < GAD_N_NET_FATES; f++)
            t.net.fate[f] += net.fate[f];
        t.flow.ended += flow.ended;
        t.flow.evicted += flow.evicted;
        t.flow.bad_checksums += flow.bad_checksums;
    }
    return t;
}

static void clear_progress(struct run *run)
{
    if (run->drawn)
        (void)fputs("\r\033[K", stderr);
    run->drawn = false;
}

static void show_progress(struct run *run)
{
    struct gad_time now = gad_time_monotonic();
    char frames[SHOW_TEXT], records[SHOW_TEXT], rate[SHOW_TEXT];

    if (!run->shows_progress || gad_time_sub(now, run->start).ns < SILENT_NS ||
        gad_time_sub(now, run->last_drawn).ns < REDRAW_NS)
        return;
    run->last_drawn = now;
    run->drawn = true;
    uint64_t n = totals_of(run).net.frames;
    double s = gad_time_seconds(gad_time_sub(now, run->start));
    (void)fprintf(stderr, "\r%s packets, %s records, %s packets/s\033[K", show_count(n, frames),
                  show_count(gad_extractor_stats(run->x).records, records),
                  show_count((uint64_t)((double)n / s), rate));
}

static void summary(const struct run *run)
{
    double s = gad_time_seconds(gad_time_sub(gad_time_monotonic(), run->start));
    const struct totals t = totals_of(run);
    const struct gad_extractor_stats st = gad_extractor_stats(run->x);
    uint64_t refused = gad_net_refused(&t.net);
    char a[SHOW_TEXT], b[SHOW_TEXT];

    (void)fprintf(stderr, "%s packets", show_count(t.net.frames, a));
    (void)fprintf(stderr, " of %s file%s, %s refused", show_count(st.files, a),
                  st.files == 1 ? "" : "s", show_count(refused, b));
    const char *before = ": ";
    for (size_t f = GAD_NET_FIRST_REFUSAL; f < GAD_N_NET_FATES; f++)
        if (t.net.fate[f] > 0) {
            (void)fprintf(stderr, "%s%s %s", before, gad_net_reason_name((enum gad_net_fate)f),
                          show_count(t.net.fate[f], a));
            before = ", ";
        }
    if (t.flow.bad_checksums > 0)
        (void)fprintf(stderr, "; %s dropped for a wrong checksum",
                      show_count(t.flow.bad_checksums, a));
    (void)fprintf(stderr, "\n%s records of %s connections", show_count(st.records, a),
                  show_count(t.flow.ended, b));
    if (t.flow.evicted > 0)
        (void)fprintf(stderr, ", %s cut short (see --max-flows)", show_count(t.flow.evicted, a));
    (void)fprintf(stderr, ", %s", show_duration(s, a));
    (void)fprintf(stderr, ", %s packets/s\n",
                  show_count(s > 0.0 ? (uint64_t)((double)t.net.frames / s) : 0, b));
}

static int on_record(void *arg, struct gad_time decided, const struct gad_record *r)
{
    struct run *run = arg;

    const struct gad_record_about about = {.decided = decided, .times_known = true};

    gad_record_text(&run->out.buf, &run->e->form, r, &about);
    return output_flush(&run->out, &run->d);
}

static int add_folder(struct run *run, const char *path, size_t lane)
{
    gad_cleanup(gad_directory_closep) struct gad_directory *dir = NULL;
    const char *file = NULL;
    size_t n = 0;

    int r = gad_directory_open(path, NULL, &dir, &run->d);
    while (r == 0 && (r = gad_directory_next(dir, gad_time_wall(), &file, &run->d)) == 0) {
        r = gad_extractor_add(run->x, lane, file, true);
        n++;
    }
    if (r == GAD_END && n == 0)
        return gad_fail(&run->d, GAD_EINVAL, "%s: no files in it", path);
    return r == GAD_END ? 0 : r;
}

static int add_input(struct run *run, const char *path, size_t lane)
{
    struct stat st;

    if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return add_folder(run, path, lane);
    return gad_extractor_add(run->x, lane, path, false);
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
            clear_progress(run);
            run->say("warning: %s", run->d.text);
        }
        show_progress(run);
    }
    clear_progress(run);
    if (r != GAD_END)
        return r;
    if (gad_extractor_stats(run->x).files == 0)
        return gad_fail(&run->d, GAD_EFORMAT, "there is no capture among the files");
    return output_commit(&run->out, &run->d);
}

/* Records do not run over it. */
static bool wants_progress(const struct extract *e)
{
    return show_is_terminal(STDERR_FILENO) && (e->out || !isatty(STDOUT_FILENO));
}

int extract_run(const struct extract *e, extract_say_fn *say)
{
    struct run run = {.e = e, .say = say, .out = {.fd = -1}, .start = gad_time_monotonic()};

    run.shows_progress = wants_progress(e);
    int r = open_all(&run);
    if (r == 0)
        r = read_all(&run);
    if (r != 0)
        say("%s", run.d.text[0] ? run.d.text : gad_strerror(r));
    else
        summary(&run);
    output_deinit(&run.out);
    gad_extractor_free(run.x);
    return r == 0 ? EXTRACT_OK : EXTRACT_FAILED;
}
