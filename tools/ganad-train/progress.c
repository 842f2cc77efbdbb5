/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "models/trainer.h"
#include "tools/common/show.h"
#include "tools/ganad-train/print.h"

enum { BAR = 24, REDRAW_NS = 100000000 };

void progress_init(struct progress *p, bool quiet, unsigned epochs, size_t rows)
{
    *p = (struct progress){.quiet = quiet,
                           .terminal = !quiet && show_is_terminal(STDERR_FILENO),
                           .epochs = epochs,
                           .rows = rows,
                           .start = gad_time_monotonic()};
}

void progress_epoch(struct progress *p, unsigned epoch)
{
    p->epoch = epoch;
    p->epoch_start = gad_time_monotonic();
}

void progress_tick(struct progress *p, size_t rows_done)
{
    char left[PRINT_TIME], rate[PRINT_COUNT];
    struct gad_time now = gad_time_monotonic();

    if (!p->terminal || gad_time_sub(now, p->drawn).ns < REDRAW_NS)
        return;
    p->drawn = now;

    double all = (double)p->rows * p->epochs;
    double done = (double)p->rows * (p->epoch - 1) + (double)rows_done;
    double per_row = gad_time_seconds(gad_time_sub(now, p->start)) / (done > 0.0 ? done : 1.0);
    double epoch_s = gad_time_seconds(gad_time_sub(now, p->epoch_start));
    int filled = (int)(BAR * done / all);
    (void)fprintf(stderr, "\rEpoch %u/%u [%.*s%*s] %3.0f %%  %s rows/s  %s left\033[K", p->epoch,
                  p->epochs, filled, "########################", BAR - filled, "",
                  100.0 * done / all,
                  print_count(epoch_s > 0.0 ? (uint64_t)((double)rows_done / epoch_s) : 0, rate),
                  print_time((all - done) * per_row, left));
    (void)fflush(stderr);
}

void progress_clear(const struct progress *p)
{
    if (p->terminal)
        (void)fputs("\r\033[K", stderr);
}

void progress_line(struct progress *p, const struct gad_epoch_stats *stats, double held_out)
{
    char rate[PRINT_COUNT];
    double s = gad_time_seconds(gad_time_sub(gad_time_monotonic(), p->epoch_start));

    if (p->quiet)
        return;
    progress_clear(p);
    (void)fprintf(stderr,
                  "Epoch %*u/%u  loss D %-9.4g G %-9.4g E %-9.4g  held-out |x-x'| %-9.5g  %.1f s  "
                  "%s rows/s\n",
                  p->epochs > 99  ? 3
                  : p->epochs > 9 ? 2
                                  : 1,
                  p->epoch, p->epochs, stats->loss_d, stats->loss_g, stats->loss_e, held_out, s,
                  print_count(s > 0.0 ? (uint64_t)((double)p->rows / s) : 0, rate));
}
