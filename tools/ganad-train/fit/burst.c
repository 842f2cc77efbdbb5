/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/burst.h"

#include <stdlib.h>

#include "lib/base/mem.h"

enum { SHARE = 1000, TOP_MIN = 20, RECORDS_MIN = 200 };

static const int64_t window_ns = INT64_C(1000000000) * BURST_SECONDS;
static const int64_t span_min_ns = 12 * INT64_C(1000000000) * BURST_SECONDS;

struct scored {
    float score;
    int64_t ns;
};

static int highest_first(const void *pa, const void *pb)
{
    const struct scored *a = pa, *b = pb;
    int by_score = (a->score < b->score) - (a->score > b->score);
    return by_score != 0 ? by_score : (a->ns > b->ns) - (a->ns < b->ns);
}

static int earliest_first(const void *pa, const void *pb)
{
    const struct scored *a = pa, *b = pb;
    return (a->ns > b->ns) - (a->ns < b->ns);
}

/* Times can be centuries apart; the difference saturates. */
static int64_t apart(const struct scored *a, const struct scored *b)
{
    return gad_time_sub((struct gad_time){b->ns}, (struct gad_time){a->ns}).ns;
}

/* The window with most of the n records, which are sorted by time; of several the first. */
static void densest(size_t n, const struct scored *s, struct burst *b)
{
    size_t first = 0;

    for (size_t i = 0; i < n; i++) {
        while (apart(&s[first], &s[i]) > window_ns)
            first++;
        if (i - first + 1 <= b->n)
            continue;
        b->n = i - first + 1;
        b->from.ns = s[first].ns;
        b->to.ns = s[i].ns;
    }
}

int burst_find(size_t n, const struct gad_time *time, const float *score, struct burst *ret)
{
    struct burst b = {.of = n / SHARE > TOP_MIN ? n / SHARE : TOP_MIN};
    int64_t first = INT64_MAX, last = INT64_MIN;
    gad_cleanup(gad_freep) struct scored *s = gad_calloc(n ? n : 1, sizeof(*s));

    if (!s)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        s[i] = (struct scored){score[i], time[i].ns};
        first = time[i].ns < first ? time[i].ns : first;
        last = time[i].ns > last ? time[i].ns : last;
    }
    *ret = (struct burst){0};
    struct gad_time begin = {.ns = first}, end = {.ns = last};
    if (n < RECORDS_MIN || gad_time_sub(end, begin).ns < span_min_ns)
        return 0;
    qsort(s, n, sizeof(*s), highest_first);
    b.least = s[b.of - 1].score;
    qsort(s, b.of, sizeof(*s), earliest_first);
    densest(b.of, s, &b);
    if (2 * b.n > b.of)
        *ret = b;
    return 0;
}
