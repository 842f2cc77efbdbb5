/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/options.h"

#include <string.h>

#include "lib/base/mem.h"
#include "tools/common/cli.h"
#include "tools/common/option.h"
#include "tools/ganad-traffic/sessions.h"

enum { SESSIONS = 1000, RATE = 50, COUNT_MAX = 100000000, START = 1767225600 /* 2026-01-01 */ };
static const double time_max =
    4270000000.0; /* s; below 2^32 of a capture, with time for the last session */

const char options_help[] =
    "Usage: ganad-traffic [OPTION...] PCAP [TRUTH]\n"
    "\n"
    "Writes a capture of synthetic sessions and attacks, and a table with the correct KDD99 "
    "record\n"
    "of every connection in it. '-' is the standard output. The same options give the same bytes\n"
    "on every machine.\n"
    "\n"
    "Options:\n"
    "  -n, --sessions N     normal sessions (default 1000, or as many as fit --seconds)\n"
    "  -t, --seconds S      no normal session starts later than S seconds after the first\n"
    "  -r, --rate R         normal sessions per second (default 50)\n"
    "  -k, --kind NAME      only normal sessions of this kind; can be repeated\n"
    "  -a, --attack NAME[:COUNT]\n"
    "                       an attack of COUNT steps, at a random time; can be repeated\n"
    "  -A, --attacks        every attack once\n"
    "  -s, --seed N         seed of the random numbers (default 1)\n"
    "      --start TIME     of the first session, seconds since 1970 (default 1767225600)\n"
    "  -l, --list           list the kinds of sessions and attacks\n"
    "  -q, --quiet          no summary and no progress\n"
    "  -h, --help           this text\n"
    "  -V, --version        the version of ganad\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n";

struct reader {
    struct options *o;
    uint32_t weight[OPTIONS_KINDS]; /* 0: not requested */
    bool kinds, sessions;           /* were given */
    double rate;
    struct gad_diag *d;
};

static int unknown(struct reader *r, const char *what, const char *word, const char *const *names,
                   size_t n)
{
    char hint[CLI_HINT];

    return gad_fail(r->d, GAD_EINVAL, "no %s '%s' (see --list)%s", what, word,
                    cli_hint(word, names, n, hint));
}

static int read_kind(struct reader *r, const char *word)
{
    const char *names[OPTIONS_KINDS];

    for (size_t i = 0; i < n_kinds; i++) {
        names[i] = kinds[i].name;
        if (strcmp(word, names[i]) == 0) {
            r->weight[i] = kinds[i].weight;
            r->kinds = true;
            return 0;
        }
    }
    return unknown(r, "kind of session", word, names, n_kinds);
}

static int add_attack(struct reader *r, size_t which, uint32_t count)
{
    struct options *o = r->o;

    if (o->n_attacks == OPTIONS_ATTACKS)
        return gad_fail(r->d, GAD_EINVAL, "more than %d attacks", OPTIONS_ATTACKS);
    o->attack[o->n_attacks++] = (struct options_attack){which, count};
    return 0;
}

static int read_attack(struct reader *r, const char *word)
{
    const char *names[OPTIONS_ATTACKS], *colon = strchr(word, ':');
    size_t len = colon ? (size_t)(colon - word) : strlen(word);
    uint64_t count = 0;

    if (colon) {
        int err = cli_u64("--attack", colon + 1, 1, COUNT_MAX, &count, r->d);
        if (err != 0)
            return err;
    }
    for (size_t i = 0; i < n_attacks; i++) {
        names[i] = attacks[i].name;
        if (strlen(names[i]) == len && memcmp(word, names[i], len) == 0)
            return add_attack(r, i, count ? (uint32_t)count : attacks[i].n_steps);
    }
    gad_cleanup(gad_freep) char *name = gad_strndup(word, len);
    return unknown(r, "attack", name ? name : word, names, n_attacks);
}

static int read_option(struct reader *r, int c, const char *arg)
{
    struct options *o = r->o;
    uint64_t v = 0;
    int err = 0;

    switch (c) {
    case 'n':
        r->sessions = true;
        return cli_u64("--sessions", arg, 0, COUNT_MAX, &o->sessions, r->d);
    case 't':
        return cli_u64("--seconds", arg, 1, 100000000, &o->seconds, r->d);
    case 'r':
        return cli_real("--rate", arg, 1e-3, 1e6, &r->rate, r->d);
    case 's':
        return cli_u64("--seed", arg, 0, UINT64_MAX, &o->seed, r->d);
    case 'S':
        err = cli_u64("--start", arg, 1, 4000000000, &v, r->d);
        if (err == 0)
            o->start_us = (int64_t)v * 1000000;
        return err;
    case 'k':
        return read_kind(r, arg);
    case 'a':
        return read_attack(r, arg);
    case 'A':
        for (size_t i = 0; i < n_attacks && err == 0; i++)
            err = add_attack(r, i, attacks[i].n_steps);
        return err;
    default:
        o->quiet = true;
        return 0;
    }
}

/* Checks and derives what depends on several options. */
static int conclude(struct reader *r, int n_files, char **files)
{
    struct options *o = r->o;
    uint32_t sum = 0;

    if (n_files < 1 || n_files > 2)
        return gad_fail(r->d, GAD_EINVAL, "%s",
                        n_files ? "more than two files" : "no file to write");
    o->pcap = files[0];
    o->truth = n_files > 1 ? files[1] : NULL;
    if (o->truth && strcmp(o->pcap, o->truth) == 0)
        return gad_fail(r->d, GAD_EINVAL, "capture and table cannot both go to '%s'", o->pcap);
    if (!r->sessions)
        o->sessions = o->seconds ? UINT64_C(1) << 40 : SESSIONS;
    o->gap_ns = (uint64_t)(1e9 / r->rate);
    double most = o->seconds ? (double)o->seconds : (double)o->sessions / r->rate;
    if ((double)o->start_us / 1e6 + most > time_max)
        return gad_fail(r->d, GAD_EINVAL,
                        "the capture would end after the year 2105, the limit of the format");
    for (size_t i = 0; i < n_kinds; i++) {
        sum += r->kinds ? r->weight[i] : kinds[i].weight;
        o->kind_cum[i] = sum;
    }
    if (o->sessions == 0 && o->n_attacks == 0)
        return gad_fail(r->d, GAD_EINVAL, "no sessions and no attacks: nothing to write");
    return 0;
}

int options_read(struct options *o, int argc, char **argv, enum options_wish *ret,
                 struct gad_diag *d)
{
    static const struct option longs[] = {{"sessions", required_argument, NULL, 'n'},
                                          {"seconds", required_argument, NULL, 't'},
                                          {"rate", required_argument, NULL, 'r'},
                                          {"kind", required_argument, NULL, 'k'},
                                          {"attack", required_argument, NULL, 'a'},
                                          {"attacks", no_argument, NULL, 'A'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"start", required_argument, NULL, 'S'},
                                          {"list", no_argument, NULL, 'l'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    struct reader r = {.o = o, .rate = RATE, .d = d};
    int c;

    gad_assert(n_kinds <= OPTIONS_KINDS && n_attacks <= OPTIONS_ATTACKS);
    *o = (struct options){.seed = 1, .start_us = START * INT64_C(1000000)};
    *ret = OPTIONS_RUN;
    while ((c = option_next(argc, argv, "n:t:r:k:a:As:lqhV", longs, NULL)) != -1) {
        if (c == '?') /* getopt() printed why */
            return gad_fail(d, GAD_EINVAL, "%s", "");
        if (c == 'h' || c == 'V' || c == 'l') {
            *ret = c == 'h' ? OPTIONS_HELP : c == 'V' ? OPTIONS_VERSION : OPTIONS_LIST;
            return 0;
        }
        int err = read_option(&r, c, optarg);
        if (err != 0)
            return err;
    }
    return conclude(&r, argc - optind, argv + optind);
}
