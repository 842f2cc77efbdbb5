/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_level.h"

#include <math.h>
#include <string.h>

enum {
    LINEAR_BINS = 64, /* of width 1; above them 8 an octave */
    TAIL_MIN = 10,    /* host-hours */
    RARITY_MIN = 100, /* of hosts that had enough records, before rarity has a level */
    SUPPORT = 3,      /* hosts */
};
#define TAIL_PART  0.003
#define RISE_A_DAY 0.1F
#define DAY_S      86400.0
#define KEPT       0.7F /* of the counts, after a week */

/* @floor: least level. @beyond: least mean excess of the tail. Both on the scale. */
static const struct sign {
    bool is_log;
    float floor, beyond;
} signs[GAD_N_SIGNS] = {
    [GAD_SIGN_FAILED] = {false, 4.5F, 0.5F},   [GAD_SIGN_FAILED_SLOW] = {false, 6.5F, 0.6F},
    [GAD_SIGN_PORTS] = {false, 10, 1},         [GAD_SIGN_TARGETS] = {true, 4.5F, 0.2F},
    [GAD_SIGN_RARITY] = {false, 60, 4},        [GAD_SIGN_BEACON] = {false, 22, 1.5F},
    [GAD_SIGN_TUNNEL] = {true, 14, 0.25F},     [GAD_SIGN_UPLOAD] = {true, 22, 0.3F},
    [GAD_SIGN_GUESSING] = {false, 6.5F, 0.7F},
};

float host_level_scale(enum gad_sign s, float v)
{
    return signs[s].is_log ? log2f(1 + v) : v;
}

float host_level_value(enum gad_sign s, float scaled)
{
    return signs[s].is_log ? exp2f(scaled) - 1 : scaled;
}

float host_level_beyond_own(enum gad_sign s, float own)
{
    return own <= 0 ? 0 : signs[s].is_log ? own + 1 : 1.5F * own + 2;
}

/* --- bins --- */

static size_t bin_of(enum gad_sign s, float y)
{
    float at = signs[s].is_log   ? 4 * y
               : y < LINEAR_BINS ? y
                                 : LINEAR_BINS + 8 * log2f(y / LINEAR_BINS);

    return !(at > 0) ? 0 : at < HOST_LEVEL_BINS - 1 ? (size_t)at : HOST_LEVEL_BINS - 1;
}

static float edge(enum gad_sign s, size_t bin)
{
    if (signs[s].is_log)
        return (float)bin / 4;
    return bin < LINEAR_BINS ? (float)bin : LINEAR_BINS * exp2f((float)(bin - LINEAR_BINS) / 8);
}

void host_levels_add(struct host_levels *l, const float most[static GAD_N_SIGNS], uint64_t hash)
{
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++) {
        size_t bin = bin_of(s, most[s]);
        l->sign[s].count[bin]++;
        l->sign[s].hosts[bin] |= UINT64_C(1) << (hash & 63);
    }
    l->host_hours++;
}

/* --- the tail --- */

/* The highest bin that enough hosts have reached. */
static size_t supported(const struct host_level *v)
{
    uint64_t hosts = 0;
    size_t bin = HOST_LEVEL_BINS;

    while (bin > 0 && __builtin_popcountll(hosts) < SUPPORT) {
        bin--;
        hosts |= v->hosts[bin] | v->before[bin];
    }
    return bin;
}

/* Sets x0, b and p(x0). */
static void fit(struct host_level *v, enum gad_sign s)
{
    size_t top = supported(v), bin = top + 1;
    double all = 0, above = 0, excess = 0;

    for (size_t i = 0; i < HOST_LEVEL_BINS; i++)
        all += (double)v->count[i];
    double least = TAIL_PART * all > TAIL_MIN ? TAIL_PART * all : TAIL_MIN;
    while (bin > 0 && above < least)
        above += (double)v->count[--bin];
    v->start = edge(s, bin);
    for (size_t i = bin; i <= top; i++)
        excess += (double)v->count[i] * (double)((edge(s, i) + edge(s, i + 1)) / 2 - v->start);
    float mean = above > 0 ? (float)(excess / above) : 0;
    v->beyond = mean > signs[s].beyond ? mean : signs[s].beyond;
    v->share = all > 0 ? (float)(above / all) : 1;
    v->is_mute = s == GAD_SIGN_RARITY && all - (double)v->count[0] < RARITY_MIN;
}

/* The share of host-hours that one sign may exceed. */
static double share_of_budget(const struct host_levels *l, struct gad_time now)
{
    double weeks = gad_time_seconds((struct gad_time){now.ns - l->begun.ns}) / (7 * DAY_S);
    double hours = weeks > 0 && l->host_hours > 1 ? l->host_hours / weeks : 1;

    return l->budget / ((GAD_N_SIGNS - 1) * hours);
}

/* As far as the level may move since the last update. */
static float bounded(struct host_level *v, enum gad_sign s, float to, double days)
{
    bool is_log = signs[s].is_log;
    float step = (float)days * RISE_A_DAY;
    float most = is_log ? v->at + step * 1.4F : v->at * (1 + step);
    float ceiling = is_log ? v->free + 2 : v->free * HOST_LEVEL_CEILING;

    most = most < ceiling ? most : ceiling;
    return to < most ? to : most;
}

void host_levels_update(struct host_levels *l, struct gad_time now)
{
    double share = share_of_budget(l, now);
    double days = gad_time_seconds((struct gad_time){now.ns - l->updated.ns}) / DAY_S;
    bool is_free = now.ns - l->begun.ns < HOST_LEVEL_FREE, is_week = false;

    if (now.ns - l->week.ns >= HOST_LEVEL_FREE) {
        l->week = now;
        is_week = true;
    }
    for (enum gad_sign s = 1; s < GAD_N_SIGNS; s++) {
        struct host_level *v = &l->sign[s];
        fit(v, s);
        double room = log((double)v->share / share);
        float to = v->start + (room > 0 ? v->beyond * (float)room : 0);
        to = to > signs[s].floor ? to : signs[s].floor;
        if (!is_free && v->free == 0)
            v->free = v->at;
        float at = is_free || v->at == 0 ? to : bounded(v, s, to, days);
        l->held += at < to;
        v->at = at;
        for (size_t i = 0; is_week && i < HOST_LEVEL_BINS; i++) {
            v->count[i] *= KEPT;
            v->before[i] = v->hosts[i];
            v->hosts[i] = 0;
        }
    }
    l->updated = now;
}

double host_level_p(const struct host_levels *l, enum gad_sign s, float scaled)
{
    const struct host_level *v = &l->sign[s];
    double p = (double)v->share * exp(-(double)(scaled - v->start) / (double)v->beyond);

    return p < 1 ? p : 1;
}
