/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/budget.h"

#include <math.h>
#include <string.h>

#include "models/detector.h"
#include "models/interval.h"

enum { HOURS_OF_DAY = 24, LEVELS_MOVED = 2 /* a smaller change is not worth an event */ };

enum { MEAN_MAX = 500, TERMS_MAX = 5000 }; /* of a Poisson distribution */

#define CHANCE    1e-4 /* of a wrong verdict, each hour */
#define HOUR_NS   INT64_C(3600000000000)
#define KEPT      0.75 /* of the histogram after a day */
#define GAMMA     0.25 /* of the day's error, in alpha */
#define ALPHA_LOW 0.25 /* alpha stays within these parts of the budget */
#define ALPHA_TOP 2.0

void budget_clear(struct budget_state *s, double fpr_budget)
{
    *s = (struct budget_state){.fpr_budget = fpr_budget, .alpha = fpr_budget};
}

int budget_new(const struct gad_detector *det, double fpr_budget, struct budget **ret)
{
    struct budget *b = gad_calloc(1, sizeof(*b));

    if (!b)
        return GAD_ENOMEM;
    budget_clear(&b->is, fpr_budget);
    for (uint32_t i = 0; i <= BUDGET_LEVELS; i++) {
        b->threshold[i] = gad_detector_threshold(det, fpr_budget / budget_factor(i));
        if (i > 0 && b->threshold[i] < b->threshold[i - 1])
            b->threshold[i] = b->threshold[i - 1];
    }
    *ret = b;
    return 0;
}

void budget_free(struct budget *b)
{
    gad_free(b);
}

double budget_factor(uint32_t level)
{
    return exp2((double)level / BUDGET_STEPS);
}

/* --- shares --- */

/* Counts of equal periods. */
struct sums {
    unsigned bins;
    uint64_t n, k, apart;
    double squares; /* of k / sqrt(n): for the variance */
};

static void add_bin(struct sums *s, uint64_t n, uint64_t k, uint64_t apart)
{
    s->apart += apart;
    if (n == 0)
        return;
    s->bins++;
    s->n += n;
    s->k += k;
    s->squares += (double)k * (double)k / (double)n;
}

/*
 * X^2 / (bins - 1) of the counts against their common share p. With the sums of n, k and k^2 / n,
 * the sum of (k - n p)^2 / (n p (1 - p)) is (sum of k^2 / n - k p) / (p (1 - p)).
 */
static double spread_of(const struct sums *s)
{
    if (s->bins < 2 || s->k == 0 || s->k == s->n)
        return 1;
    double p = (double)s->k / (double)s->n;
    double x = (s->squares - (double)s->k * p) / (p * (1 - p)) / (s->bins - 1);
    double most = (double)s->k; /* one false alarm is left, at least */

    x = x < 1 ? 1 : x;
    return x < most ? x : most;
}

static struct gad_interval interval_of(double k, double n, double spread)
{
    uint64_t all = (uint64_t)ceil(n / spread), bad = (uint64_t)llround(k / spread);

    return gad_binomial_interval(bad < all ? bad : all, all);
}

static struct budget_rate rate_of(const struct sums *s, unsigned hours)
{
    struct budget_rate r = {.n = s->n,
                            .k = s->k,
                            .apart = s->apart,
                            .high = 1,
                            .spread = spread_of(s),
                            .hours = s->bins * hours};

    if (s->n == 0)
        return r;
    struct gad_interval i = interval_of((double)s->k, (double)s->n, r.spread);
    r.rate = (double)s->k / (double)s->n;
    r.low = i.low;
    r.high = i.high;
    return r;
}

/* The hour @back hours before the current one; NULL: it had no records. */
static const struct budget_hour *hour_back(const struct budget_state *s, int64_t back)
{
    int64_t hour = s->hour - back;
    const struct budget_hour *h = hour > 0 ? &s->hours[hour % BUDGET_HOURS] : NULL;

    return h && h->hour == hour ? h : NULL;
}

static struct sums sum_hours(const struct budget_state *s, unsigned most, uint64_t least)
{
    struct sums sums = {0};

    for (int64_t back = 0; back < BUDGET_HOURS; back++) {
        const struct budget_hour *h = hour_back(s, back);
        if (h)
            add_bin(&sums, h->n, h->k, h->apart);
        if (sums.bins >= most && sums.n >= least)
            break;
    }
    return sums;
}

struct budget_rate budget_of_day(const struct budget *b)
{
    const struct sums s = sum_hours(&b->is, BUDGET_HOURS, 0);

    return rate_of(&s, 1);
}

/* Whole days, the latest first, until there are enough records. */
static struct sums sum_days(const struct budget_state *s, uint64_t least)
{
    struct sums sums = {0};

    for (int64_t day = s->hour / HOURS_OF_DAY - 1, back = 0; back < BUDGET_DAYS && day > 0;
         day--, back++) {
        const struct budget_day *d = &s->days[day % BUDGET_DAYS];
        if (d->day == day)
            add_bin(&sums, d->n, d->k, d->apart);
        if (sums.n >= least)
            break;
    }
    return sums;
}

struct budget_rate budget_of_verdict(const struct budget *b, const struct budget_options *o)
{
    unsigned need = (unsigned)((o->after.ns + HOUR_NS - 1) / HOUR_NS);

    need = need < 1 ? 1 : need > BUDGET_HOURS ? BUDGET_HOURS : need;
    struct sums s = sum_hours(&b->is, need, o->least);
    if (s.bins >= need && s.n >= o->least)
        return rate_of(&s, 1);
    s = sum_days(&b->is, o->least);
    if (s.n < o->least)
        s = (struct sums){0};
    return rate_of(&s, HOURS_OF_DAY);
}

/* --- the clock --- */

/* Gibbs and Candes: what the day's threshold did wrong corrects the next one. */
static void correct_alpha(struct budget_state *s, const struct budget_options *o,
                          const struct budget_day *d)
{
    if (!o->adapt || !s->is_exact || d->n < o->least)
        return;
    double error = s->fpr_budget - (double)d->k / (double)d->n;
    double alpha = s->alpha + GAMMA * error;
    double low = ALPHA_LOW * s->fpr_budget;
    double top = s->level > 0 ? ALPHA_TOP * s->fpr_budget : s->fpr_budget;

    s->alpha = alpha < low ? low : alpha > top ? top : alpha;
}

static void end_day(struct budget_state *s, const struct budget_options *o)
{
    int64_t day = s->hour / HOURS_OF_DAY;
    struct sums sums = {0};

    for (int64_t back = 0; back <= s->hour % HOURS_OF_DAY; back++) {
        const struct budget_hour *h = hour_back(s, back);
        if (h)
            add_bin(&sums, h->n, h->k, h->apart);
    }
    const struct budget_rate r = rate_of(&sums, 1);
    struct budget_day *d = &s->days[day % BUDGET_DAYS];
    *d = (struct budget_day){day, r.n, r.k, r.apart, r.low, r.high, s->level};
    correct_alpha(s, o, d);
    s->recent *= KEPT;
    for (size_t i = 0; i <= BUDGET_LEVELS; i++)
        s->above[i] *= KEPT;
}

bool budget_turn(struct budget *b, const struct budget_options *o, struct gad_time when)
{
    struct budget_state *s = &b->is;
    int64_t hour = when.ns / HOUR_NS;
    bool had = s->hour > 0;

    hour = hour < 1 ? 1 : hour > BUDGET_TIME_MAX ? BUDGET_TIME_MAX : hour;
    if (hour <= s->hour)
        return false;
    if (had && hour / HOURS_OF_DAY > s->hour / HOURS_OF_DAY)
        end_day(s, o);
    s->hour = hour;
    s->hours[hour % BUDGET_HOURS] = (struct budget_hour){.hour = hour};
    return had;
}

/* --- records --- */

/* The number of levels that a score exceeds. */
static uint32_t exceeded(const struct budget *b, float score)
{
    uint32_t low = 0, high = BUDGET_LEVELS + 1;

    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (score > b->threshold[mid])
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void budget_count(struct budget *b, float score, enum budget_kind kind)
{
    struct budget_state *s = &b->is;
    struct budget_hour *h = &s->hours[s->hour % BUDGET_HOURS];

    if (kind == BUDGET_APART) {
        h->apart++;
        return;
    }
    h->n++;
    h->k += kind == BUDGET_FALSE_ALARM;
    s->recent += 1;
    if (!(score > b->threshold[0]))
        return;
    s->above[exceeded(b, score) - 1] += 1;
}

void budget_add(struct budget *b, uint64_t n, uint64_t k)
{
    struct budget_hour *h = &b->is.hours[b->is.hour % BUDGET_HOURS];

    h->n += n;
    h->k += k;
}

uint64_t budget_set_apart(struct budget *b, uint64_t k)
{
    struct budget_state *s = &b->is;
    struct budget_hour *h = &s->hours[s->hour % BUDGET_HOURS];

    k = k < h->k ? k : h->k;
    h->k -= k;
    h->n -= k;
    h->apart += k;
    s->recent -= (double)k < s->recent ? (double)k : s->recent;
    double left = (double)k;
    for (uint32_t i = BUDGET_LEVELS + 1; i > s->level && left > 0; i--) {
        double n = s->above[i - 1] < left ? s->above[i - 1] : left;
        s->above[i - 1] -= n;
        left -= n;
    }
    return k;
}

/* --- the proposal --- */

static double n_above(const struct budget_state *s, uint32_t level)
{
    double n = 0;

    for (uint32_t i = level; i <= BUDGET_LEVELS; i++)
        n += s->above[i];
    return n;
}

static uint32_t levels_of(double factor)
{
    double n = factor > 1 ? floor(log2(factor) * BUDGET_STEPS + 1e-9) : 0;

    return n < BUDGET_LEVELS ? (uint32_t)n : BUDGET_LEVELS;
}

/* The lowest level that few enough of the recent records exceed. */
static uint32_t level_of_recent(const struct budget_state *s)
{
    double n = 0, most = s->alpha * s->recent;
    uint32_t i = BUDGET_LEVELS + 1;

    while (i > 0 && n + s->above[i - 1] <= most)
        n += s->above[--i];
    return i < BUDGET_LEVELS ? i : BUDGET_LEVELS;
}

/* Whether records exceed the current level more often than by chance: for a verdict, or all recent
 * ones. */
static bool is_beyond_chance(const struct budget *b)
{
    const struct sums s = sum_hours(&b->is, BUDGET_HOURS, 0);
    double n = b->is.recent, k = n_above(&b->is, b->is.level);

    return b->is.over_since > 0 ||
           (n >= 1 && k > 0 && interval_of(k, n, spread_of(&s)).low > b->is.alpha);
}

static uint32_t cut(uint32_t level, uint32_t to, const struct budget_options *o)
{
    uint32_t step = levels_of(o->step), most = levels_of(o->most);
    uint32_t low = level > step ? level - step : 0, high = level + step;

    to = to < low ? low : to > high ? high : to;
    return to < most ? to : most;
}

uint32_t budget_proposal(const struct budget *b, const struct budget_options *o)
{
    const struct budget_state *s = &b->is;
    uint32_t to = level_of_recent(s), most = levels_of(o->most);

    if (s->level > most) /* the key was lowered */
        return most;
    if (s->recent < (double)o->least)
        return s->level;
    to = cut(s->level, to, o);
    bool is_up = to >= s->level + LEVELS_MOVED && is_beyond_chance(b);
    bool is_down = to + LEVELS_MOVED <= s->level || (to == 0 && s->level > 0);
    return is_up || is_down ? to : s->level;
}

bool budget_may_change(const struct budget *b)
{
    return b->is.changed == 0 || b->is.hour - b->is.changed >= HOURS_OF_DAY;
}

void budget_set_level(struct budget *b, const struct budget_options *o, uint32_t level)
{
    struct budget_state *s = &b->is;
    uint32_t wish = level_of_recent(s);

    level = level < BUDGET_LEVELS ? level : BUDGET_LEVELS;
    s->is_exact = o && level == wish;
    s->since = level == 0 ? 0 : s->level == 0 ? s->hour : s->since;
    s->changed = s->hour;
    s->level = level;
    if (level == 0)
        s->alpha = s->fpr_budget;
}

/*
 * The probability of at least these false alarms, by Poisson, if the budget is kept. An hour has
 * passed since the last look, so the 95 % interval would be wrong every other day.
 */
static double chance_of(const struct budget_rate *r, double budget)
{
    double mean = (double)r->n / r->spread * budget, k = floor((double)r->k / r->spread);
    double term = exp(-mean), below = 0;

    if (mean > MEAN_MAX)
        return 0.5 * erfc((k - mean) / sqrt(2 * mean));
    for (unsigned i = 0; i < k && i < TERMS_MAX; i++) {
        below += term;
        term *= mean / (i + 1.0);
    }
    return 1 - below;
}

static bool is_exceeded(const struct budget_rate *r, double budget)
{
    return r->n > 0 && r->low > budget && chance_of(r, budget) < CHANCE;
}

/* Whether the highest level that is allowed would not do. */
static bool is_at_limit(const struct budget_state *s, const struct budget_options *o)
{
    return s->level >= levels_of(o->most) && level_of_recent(s) >= s->level;
}

void budget_review(struct budget *b, const struct budget_options *o, struct budget_news *ret)
{
    struct budget_state *s = &b->is;
    bool was_over = s->over_since > 0;

    *ret = (struct budget_news){.rate = budget_of_verdict(b, o), .level = s->level};
    if (!was_over && is_exceeded(&ret->rate, s->fpr_budget))
        s->over_since = s->hour;
    if (was_over && ret->rate.n > 0 && ret->rate.rate <= s->fpr_budget)
        s->over_since = 0;
    uint32_t wish = level_of_recent(s), off = wish > s->level ? wish - s->level : s->level - wish;
    if (s->level > 0 && off < LEVELS_MOVED)
        s->is_exact = true;
    ret->level = budget_proposal(b, o);
    /* a bad half day among days below the budget: an event could propose nothing yet */
    if (!was_over && ret->level <= s->level && !is_at_limit(s, o))
        s->over_since = 0;
    ret->is_over = !was_over && s->over_since > 0;
    ret->is_settled = was_over && s->over_since == 0;
    ret->may_adapt = o->adapt && ret->level != s->level && budget_may_change(b);
}
