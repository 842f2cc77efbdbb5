/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Trains the model of a sensor that learns its own network. Once ganadd has recorded enough in its
 * [learning] directory (daemon/learn/learning.h), `fit --protocol baseline` trains on all of it.
 * The last day is held out. A model that holds the budget on that day becomes learned.ckpt, which
 * ganadd takes at once; another one stays beside it as refused.ckpt.
 *
 * A timer runs the command every hour; most runs only look. A lock file prevents two at a time.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/fields.h"
#include "lib/base/file.h"
#include "lib/base/time.h"
#include "lib/checkpoint/checkpoint.h"
#include "tools/common/option.h"
#include "tools/ganad-train/cli.h"

enum {
    FILES_MAX = 8,        /* records.csv and its rotated files */
    RECORDS_LEAST = 1000, /* fewer cannot be split by time */
    DAYS_LEAST = 1,       /* a day has quiet and busy hours */
    PATH_LEN = 1024,      /* with the NUL; a longer path is refused */
};

#define DAY_NS INT64_C(86400000000000)

struct learn {
    const char *directory;
    bool now;
    /* of the file "progress", by ganadd */
    uint64_t recorded, days, records;
    int64_t first_ns, last_ns;
    double budget;
    char budget_text[GAD_FIELD_VALUE];
};

static void path_of(const struct learn *l, const char *name, char path[static PATH_LEN])
{
    (void)snprintf(path, PATH_LEN, "%s/%s", l->directory, name);
}

static int parse(const struct cli_command *self, int argc, char **argv, struct learn *l)
{
    static const struct option options[] = {{"now", no_argument, NULL, 'n'}, {0}};

    for (int c; (c = option_next(argc, argv, "", options, NULL)) != -1;) {
        if (c == '?')
            return cli_try_help(self);
        l->now = true;
    }
    if (argc - optind != 1)
        return cli_usage(self, "give the directory of [learning], and nothing else");
    l->directory = argv[optind];
    if (strlen(l->directory) > PATH_LEN - 64)
        return cli_usage(self, "the path of the directory is too long");
    return CLI_OK;
}

/* What the daemon has recorded. Returns -ENOENT if it never did. */
static int read_progress(struct learn *l, struct gad_diag *d)
{
    char path[PATH_LEN];
    struct gad_fields f;

    path_of(l, "progress", path);
    int err = gad_fields_read(path, &f, d);
    if (err != 0)
        return err;
    l->recorded = gad_fields_u64(&f, "recorded", UINT64_MAX, 0);
    l->days = gad_fields_u64(&f, "days", 366, 7);
    l->records = gad_fields_u64(&f, "records", UINT64_MAX, 100000);
    l->first_ns = (int64_t)gad_fields_u64(&f, "first_ns", INT64_MAX, 0);
    l->last_ns = (int64_t)gad_fields_u64(&f, "last_ns", INT64_MAX, 0);
    (void)snprintf(l->budget_text, sizeof(l->budget_text), "%s", gad_fields_get(&f, "budget"));
    return cli_real("budget", l->budget_text, 1e-9, 0.5, &l->budget, d);
}

/* What this program did last; without a file, nothing. */
static void read_status(const struct learn *l, struct gad_fields *f)
{
    char path[PATH_LEN];

    path_of(l, "status", path);
    if (gad_fields_read(path, f, NULL) != 0)
        f->n = 0;
}

static int say_status(const struct learn *l, const char *state, const char *text,
                      struct gad_diag *d)
{
    char path[PATH_LEN], at[GAD_TIME_TEXT];
    struct gad_fields f = {.n = 0};

    gad_time_text(gad_time_wall(), at);
    gad_fields_set(&f, "state", "%s", state);
    gad_fields_set(&f, "at", "%s", at);
    gad_fields_set(&f, "last_ns", "%" PRId64, l->last_ns);
    gad_fields_set(&f, "text", "%s", text);
    path_of(l, "status", path);
    cli_say("%s: %s", state, text);
    return gad_fields_write(path, &f, d);
}

static double days_of(const struct learn *l)
{
    return (double)(l->last_ns - l->first_ns) / (double)DAY_NS;
}

/* Whether to train now; if not, @why has the reason. */
static bool is_due(const struct learn *l, char *why, size_t len)
{
    char path[PATH_LEN];
    struct gad_fields f;
    double days = days_of(l);

    path_of(l, "learned.ckpt", path);
    if (!l->now && access(path, F_OK) == 0) {
        (void)snprintf(why, len, "there is a model; --now trains another one");
        return false;
    }
    if (l->recorded < RECORDS_LEAST || days < DAYS_LEAST) {
        (void)snprintf(why, len,
                       "%" PRIu64 " records over %.1f days are too few: at least %d over a day",
                       l->recorded, days, RECORDS_LEAST);
        return false;
    }
    if (!l->now && days < (double)l->days && l->recorded < l->records) {
        (void)snprintf(why, len,
                       "%" PRIu64 " records over %.1f days; %" PRIu64 " records or %" PRIu64
                       " days are enough",
                       l->recorded, days, l->records, l->days);
        return false;
    }
    read_status(l, &f);
    int64_t tried = (int64_t)gad_fields_u64(&f, "last_ns", INT64_MAX, 0);
    if (!l->now && strcmp(gad_fields_get(&f, "state"), "failed") == 0 &&
        l->last_ns < tried + DAY_NS) {
        (void)snprintf(why, len, "the last training failed; a day of new records is awaited");
        return false;
    }
    return true;
}

/* The files that exist, the oldest first. */
static size_t list_files(const struct learn *l, char path[static FILES_MAX][PATH_LEN])
{
    size_t n = 0;

    for (int i = FILES_MAX - 1; i >= 0; i--) {
        char name[32] = "records.csv";
        if (i > 0)
            (void)snprintf(name, sizeof(name), "records.csv.%d", i);
        path_of(l, name, path[n]);
        n += access(path[n], R_OK) == 0;
    }
    return n;
}

/* Runs fit. Its results are on stdout, which is the journal. */
static int run_fit(struct learn *l, char *out, char path[static FILES_MAX][PATH_LEN], size_t n)
{
    static char words[][16] = {"fit",    "--quiet", "--protocol",   "baseline", "--skip-bad",
                               "--name", "learned", "--fpr-budget", "--out",    "--data"};
    enum { WORDS = sizeof(words) / sizeof(words[0]), BUDGET = 7, OUT = 8, DATA = 9 };
    char *argv[WORDS + 2 + 2 * FILES_MAX + 1];
    int argc = 0;

    for (int i = 0; i < DATA; i++) {
        argv[argc++] = words[i];
        if (i == BUDGET)
            argv[argc++] = l->budget_text;
        if (i == OUT)
            argv[argc++] = out;
    }
    for (size_t i = 0; i < n; i++) {
        argv[argc++] = words[DATA];
        argv[argc++] = path[i];
    }
    argv[argc] = NULL;
    optind = 0; /* getopt begins again */
    return command_fit.run(&command_fit, argc, argv);
}

static double metric(const struct gad_checkpoint *c, const char *name)
{
    for (size_t i = 0; i < c->provenance.n_metrics; i++)
        if (strcmp(c->provenance.metrics[i].name, name) == 0)
            return c->provenance.metrics[i].value;
    return nan("");
}

/* Whether the false alarms of the held-out day fit the budget: their interval begins below it. */
static int judge(const struct learn *l, const char *path, bool *holds, char *text, size_t len,
                 struct gad_diag *d)
{
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;

    int err = gad_checkpoint_read(path, &c, d);
    if (err != 0)
        return err;
    double rate = metric(c, "held_out_fpr"), low = metric(c, "held_out_fpr_low"),
           high = metric(c, "held_out_fpr_high"), alerts = metric(c, "alerts_per_day");
    *holds = low <= l->budget;
    (void)snprintf(text, len,
                   "on the last day %.3g %% of the records are anomalous (95 %%: %.3g to %.3g %%), "
                   "%.0f a day; the budget is %g %%",
                   100 * rate, 100 * low, 100 * high, alerts, 100 * l->budget);
    return 0;
}

static int settle(const struct learn *l, const char *candidate, struct gad_diag *d)
{
    char to[PATH_LEN], text[GAD_FIELD_VALUE];
    bool holds = false;

    int err = judge(l, candidate, &holds, text, sizeof(text), d);
    if (err != 0)
        return err;
    path_of(l, holds ? "learned.ckpt" : "refused.ckpt", to);
    if (rename(candidate, to) != 0)
        return gad_fail(d, -errno, "cannot rename '%s': %s", candidate, strerror(errno));
    return say_status(l, holds ? "taken" : "failed", text, d);
}

static int train(struct learn *l, struct gad_diag *d)
{
    static char path[FILES_MAX][PATH_LEN]; /* frames have a limit */
    char candidate[PATH_LEN], why[GAD_FIELD_VALUE];

    if (!is_due(l, why, sizeof(why))) {
        cli_say("%s", why);
        return 0;
    }
    size_t n = list_files(l, path);
    path_of(l, "candidate.ckpt", candidate);
    int err = say_status(l, "training", "fit runs", d);
    if (err != 0)
        return err;
    if (n == 0 || run_fit(l, candidate, path, n) != CLI_OK) {
        err = say_status(l, "failed", n == 0 ? "no file of records" : "fit failed: see its journal",
                         d);
        return err != 0 ? err : gad_fail(d, GAD_EINVAL, "the training failed");
    }
    return settle(l, candidate, d);
}

static int learn(struct learn *l, struct gad_diag *d)
{
    char path[PATH_LEN];

    int err = read_progress(l, d);
    if (err == -ENOENT) {
        cli_say("'%s' has no records yet: ganadd with [learning] writes them", l->directory);
        return 0;
    }
    if (err != 0)
        return err;
    path_of(l, "lock", path);
    gad_cleanup(gad_closep) int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return gad_fail(d, -errno, "cannot open '%s': %s", path, strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        return gad_fail(d, GAD_EINVAL, "'%s' is locked: another training runs", path);
    return train(l, d);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    struct learn l = {0};
    struct gad_diag d = {0};

    int code = parse(self, argc, argv, &l);
    if (code != CLI_OK)
        return code;
    int err = learn(&l, &d);
    return err != 0 ? cli_failed(err, &d) : cli_flushed();
}

const struct cli_command command_learn = {
    .name = "learn",
    .usage = "DIRECTORY [--now]",
    .summary = "train the model of a sensor on the records that ganadd kept",
    .help =
        "Looks whether ganadd has recorded enough in the directory of its [learning]; then trains\n"
        "a model on these records and, if it holds its budget on the last day, gives it to\n"
        "ganadd. A timer of the package runs this every hour. ganad-learning(7) has more.\n\n"
        "  --now                      train with what there is, at least 1,000 records over a\n"
        "                             day, also if there is a model\n",
    .run = run,
};
