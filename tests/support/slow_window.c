/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/slow_window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/flow/conn.h"

static bool same_host(const struct gad_record *a, const struct gad_record *b)
{
    return a->tuple.family == b->tuple.family &&
           memcmp(a->tuple.dst, b->tuple.dst, sizeof(a->tuple.dst)) == 0;
}

static bool same_service(const struct gad_record *a, const struct gad_record *b)
{
    return a->v[GAD_SERVICE] == b->v[GAD_SERVICE];
}

static bool flag_is(const struct gad_record *r, const char *list)
{
    char word[16];
    (void)snprintf(word, sizeof(word), " %s ", gad_name_text(GAD_FLAG, (int)r->v[GAD_FLAG]));
    return strstr(list, word) != NULL;
}

static double rate(size_t k, size_t n)
{
    char text[16];
    float q = (float)k / (float)n;
    (void)snprintf(text, sizeof(text), "%.2f", (double)q);
    return strtod(text, NULL);
}

/* One of Hs and Ss: its counts, and the number of the other kind in it. */
struct sums {
    size_t n, serror, rerror, both, same_port, kinds;
};

typedef bool same_fn(const struct gad_record *a, const struct gad_record *b);

static struct sums look_back(const struct slow_entry *e, size_t n, const struct gad_record *r,
                             same_fn *in, same_fn *other)
{
    struct sums s = {0};

    for (size_t i = 0; i < n; i++) {
        const struct gad_record *a = &e[i].rec;
        if (!in(a, r))
            continue;
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = in(&e[k].rec, r) && other(&e[k].rec, a);
        s.kinds += !seen;
        s.n++;
        s.serror += flag_is(a, " S0 S1 S2 S3 SH ");
        s.rerror += flag_is(a, " REJ RSTO RSTR RSTOS0 ");
        s.both += other(a, r);
        s.same_port += a->tuple.src_port == r->tuple.src_port;
    }
    if (s.kinds == 1)
        s.kinds = 0;
    return s;
}

static void set_t(double *v, struct sums h, struct sums s)
{
    v[GAD_COUNT] = (double)h.n;
    v[GAD_SRV_COUNT] = (double)s.n;
    v[GAD_SERROR_RATE] = rate(h.serror, h.n);
    v[GAD_SRV_SERROR_RATE] = rate(s.serror, s.n);
    v[GAD_RERROR_RATE] = rate(h.rerror, h.n);
    v[GAD_SRV_RERROR_RATE] = rate(s.rerror, s.n);
    v[GAD_SAME_SRV_RATE] = rate(h.both, h.n);
    v[GAD_DIFF_SRV_RATE] = rate(h.kinds, h.n);
    v[GAD_SRV_DIFF_HOST_RATE] = rate(s.kinds, s.n);
}

static void set_h(double *v, struct sums h, struct sums s)
{
    v[GAD_DST_HOST_COUNT] = (double)h.n;
    v[GAD_DST_HOST_SRV_COUNT] = (double)s.n;
    v[GAD_DST_HOST_SAME_SRV_RATE] = rate(h.both, h.n);
    v[GAD_DST_HOST_DIFF_SRV_RATE] = rate(h.kinds, h.n);
    v[GAD_DST_HOST_SAME_SRC_PORT_RATE] = rate(h.same_port, h.n);
    v[GAD_DST_HOST_SRV_DIFF_HOST_RATE] = rate(s.kinds, s.n);
    v[GAD_DST_HOST_SERROR_RATE] = rate(h.serror, h.n);
    v[GAD_DST_HOST_SRV_SERROR_RATE] = rate(s.serror, s.n);
    v[GAD_DST_HOST_RERROR_RATE] = rate(h.rerror, h.n);
    v[GAD_DST_HOST_SRV_RERROR_RATE] = rate(s.rerror, s.n);
}

bool slow_window_add(struct slow_window *w, struct gad_time decided, struct gad_record *r,
                     bool look)
{
    const int64_t two_s = 2000000000;

    if (w->n == w->room) {
        size_t room = w->room ? 2 * w->room : 1024;
        struct slow_entry *e = realloc(w->entry, room * sizeof(*e));
        if (!e)
            return false;
        w->entry = e;
        w->room = room;
    }
    bool is_peek = r->notes & (GAD_NOTE_INTERIM | GAD_NOTE_CUT);
    if (w->has_begun && decided.ns < w->clock.ns) {
        if (!is_peek && gad_time_sub(w->clock, decided).ns > two_s)
            w->first_of_t = w->n;
        else
            decided = w->clock;
    }
    w->clock = decided;
    w->has_begun = true;
    w->entry[w->n++] = (struct slow_entry){decided, *r};
    if (!look) {
        w->n -= is_peek;
        return true;
    }
    size_t t = w->n - 1, h = w->n < 255 ? 0 : w->n - 255;
    while (t > w->first_of_t && w->n - (t - 1) <= 511 &&
           gad_time_sub(decided, w->entry[t - 1].time).ns <= two_s)
        t--;
    set_t(r->v, look_back(w->entry + t, w->n - t, r, same_host, same_service),
          look_back(w->entry + t, w->n - t, r, same_service, same_host));
    set_h(r->v, look_back(w->entry + h, w->n - h, r, same_host, same_service),
          look_back(w->entry + h, w->n - h, r, same_service, same_host));
    w->n -= is_peek;
    return true;
}

void slow_window_deinit(struct slow_window *w)
{
    free(w->entry);
    *w = (struct slow_window){0};
}
