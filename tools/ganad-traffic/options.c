/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/options.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "tools/common/option.h"
#include "tools/ganad-traffic/sessions.h"

enum { SESSIONS = 1000, RATE = 50, COUNT_MAX = 100000000, START = 1767225600 /* 2026-01-01 */ };
static const double time_max =
    4270000000.0; /* s; a capture has 32 bits for it, and the last session takes its time */

const char options_help[] =
    "usage: ganad-traffic [OPTION...] PCAP [TRUTH]\n"
    "\n"
    "Writes a capture of made-up sessions and attacks, and a table of what a tracker that obeys\n"
    "KDD99 has to say of every connection in it. '-' is the standard output. The same options "
    "give\n"
    "the same bytes on every machine.\n"
    "\n"
    "Options:\n"
    "  -n, --sessions N     normal sessions (default 1000, or as many as --seconds has room for)\n"
    "  -t, --seconds S      no normal session begins later than S seconds after the first\n"
    "  -r, --rate R         normal sessions a second (default 50)\n"
    "  -k, --kind NAME      normal sessions of this kind alone; may be given again\n"
    "  -a, --attack NAME[:COUNT]\n"
    "                       an attack of COUNT steps, somewhere among the sessions; may be given\n"
    "                       again\n"
    "  -A, --attacks        every attack once\n"
    "  -s, --seed N         another seed, another capture (default 1)\n"
    "      --start TIME     of the first session, seconds since 1970 (default 1767225600)\n"
    "  -l, --list           the kinds of sessions and attacks\n"
    "  -q, --quiet          no summary and no progress\n"
    "  -h, --help           this\n"
    "  -V, --version        of ganad\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n";

struct reader {
    struct options *o;
    uint32_t weight[OPTIONS_KINDS]; /* 0: not wanted */
    bool kinds, sessions, attacks;  /* were given */
    double rate;
    struct gad_diag *d;
};

static int number(struct reader *r, const char *option, const char *text, uint64_t min,
                  uint64_t max, uint64_t *ret)
{
    uint64_t v;

    if (gad_text_u64(text, strlen(text), max, &v) != 0 || v < min)
        return gad_fail(r->d, GAD_EINVAL, "%s: '%s' is not a whole number from %llu to %llu",
                        option, text, (unsigned long long)min, (unsigned long long)max);
    *ret = v;
    return 0;
}

static int unknown(struct reader *r, const char *what, const char *word, const char *const *names,
                   size_t n)
{
    int near = gad_text_nearest(word, names, n);

    return gad_fail(r->d, GAD_EINVAL, "no %s '%s'%s%s%s; --list names them", what, word,
                    near < 0 ? "" : ", did you mean '", near < 0 ? "" : names[near],
                    near < 0 ? "" : "'?");
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
        int err = number(r, "--attack", colon + 1, 1, COUNT_MAX, &count);
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

static int read_rate(struct reader *r, const char *text)
{
    double v;

    if (gad_text_real(text, strlen(text), &v) != 0 || v < 1e-3 || v > 1e6)
        return gad_fail(r->d, GAD_EINVAL, "--rate: '%s' is not a number from 0.001 to 1000000",
                        text);
    r->rate = v;
    return 0;
}

static int read_option(struct reader *r, int c, const char *arg)
{
    struct options *o = r->o;
    uint64_t v = 0;
    int err = 0;

    switch (c) {
    case 'n':
        r->sessions = true;
        return number(r, "--sessions", arg, 0, COUNT_MAX, &o->sessions);
    case 't':
        return number(r, "--seconds", arg, 1, 100000000, &o->seconds);
    case 'r':
        return read_rate(r, arg);
    case 's':
        return number(r, "--seed", arg, 0, UINT64_MAX, &o->seed);
    case 'S':
        err = number(r, "--start", arg, 1, 4000000000, &v);
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

/* What follows from all options together. */
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
        return gad_fail(r->d, GAD_EINVAL, "that ends after the year 2105, when captures do");
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
        if (c == '?') /* getopt has said what is wrong */
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
