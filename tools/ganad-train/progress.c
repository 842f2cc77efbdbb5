/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "models/trainer.h"
#include "tools/common/show.h"

void progress_init(struct progress *p, bool quiet, unsigned epochs, size_t rows)
{
    *p = (struct progress){.quiet = quiet, .epochs = epochs, .rows = rows};
    bar_start(&p->bar, !quiet && show_is_terminal(STDERR_FILENO));
}

void progress_epoch(struct progress *p, unsigned epoch)
{
    p->epoch = epoch;
    p->epoch_start = gad_time_monotonic();
}

static uint64_t rate(const struct progress *p, size_t rows)
{
    double s = gad_time_seconds(gad_time_sub(gad_time_monotonic(), p->epoch_start));
    return s > 0.0 ? (uint64_t)((double)rows / s) : 0;
}

void progress_tick(struct progress *p, size_t rows_done)
{
    char left[SHOW_TEXT], rows[SHOW_TEXT];

    if (!bar_due(&p->bar))
        return;
    double all = (double)p->rows * p->epochs;
    double done = (double)p->rows * (p->epoch - 1) + (double)rows_done;
    double per_row = bar_seconds(&p->bar) / (done > 0.0 ? done : 1.0);
    bar_draw(&p->bar, done / all, "epoch %u/%u, %s rows/s, %s left", p->epoch, p->epochs,
             show_count(rate(p, rows_done), rows), show_clock((all - done) * per_row, left));
}

void progress_clear(struct progress *p)
{
    bar_clear(&p->bar);
}

void progress_line(struct progress *p, const struct gad_epoch_stats *stats, double held_out)
{
    char rows[SHOW_TEXT];
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
                  show_count(rate(p, p->rows), rows));
}
