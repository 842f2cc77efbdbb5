/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/time.h"
#include "tools/common/cli.h"
#include "tools/common/show.h"
#include "tools/ganad-traffic/run.h"
#include "tools/ganad-traffic/sessions.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* After a signal the program removes incomplete files and ends; a second signal ends it at once. */
static void catch_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
    (void)sigaction(SIGHUP, &a, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write */
}

static void list(void)
{
    printf("Normal sessions, and their number per 1,000:\n");
    for (size_t i = 0; i < n_kinds; i++)
        printf("  %-16s %4u  %s\n", kinds[i].name, kinds[i].weight, kinds[i].what);
    printf("\nAttacks, their default number of steps, and what a step is:\n");
    for (size_t i = 0; i < n_attacks; i++)
        printf("  %-16s %4u  %s\n", attacks[i].name, attacks[i].n_steps, attacks[i].what);
}

static void summary(const struct options *opt, const struct run_counts *n, double seconds)
{
    fprintf(stderr, "%s: %llu packets, %.1f MB, %llu connections over %.0f s, written in %.2f s\n",
            opt->pcap, (unsigned long long)n->packets, (double)n->bytes / 1e6,
            (unsigned long long)n->connections, (double)(n->last - n->first) / 1e6, seconds);
}

static int make(struct options *opt)
{
    struct gad_diag d = {""};
    struct run_counts counts;

    catch_signals();
    opt->progress = !opt->quiet && show_is_terminal(STDERR_FILENO);
    struct gad_time begun = gad_time_monotonic();
    int err = run_traffic(opt, &stop, &counts, &d);
    if (err != 0)
        return cli_failed(err, &d);
    if (!opt->quiet)
        summary(opt, &counts, gad_time_seconds(gad_time_sub(gad_time_monotonic(), begun)));
    return CLI_OK;
}

int main(int argc, char **argv)
{
    struct options opt;
    struct gad_diag d = {""};
    enum options_wish wish;

    cli_set_program("ganad-traffic");
    if (options_read(&opt, argc, argv, &wish, &d) != 0)
        return d.text[0] ? cli_usage(NULL, "%s", d.text) : cli_try_help(NULL);
    if (wish == OPTIONS_RUN)
        return make(&opt);
    if (wish == OPTIONS_HELP)
        fputs(options_help, stdout);
    else if (wish == OPTIONS_VERSION)
        printf("ganad-traffic %s\n", GANAD_VERSION);
    else
        list();
    return cli_flushed();
}
