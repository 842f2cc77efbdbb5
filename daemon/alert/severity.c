/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/severity.h"

#include <math.h>
#include <stddef.h>

#include "lib/base/mem.h"
#include "lib/event/event.h"

enum { HIGH_FROM = 60, MEDIUM_FROM = 25 };
enum {
    LONE_SCAN_MAX = 40,
    FORGEABLE_MAX = 24,
    DATA_MIN = 70,
    LOGIN_MIN = 80,
    ROOT_MIN = 90,
    POINTS_MAX = 100
};
enum { MANY_SOURCES = 32 };
#define MIB UINT64_C(1048576)

struct step {
    uint64_t from;
    unsigned points;
};

/* The points of the last step that @n reaches; steps ascend. */
static unsigned points_of(uint64_t n, size_t n_steps, const struct step *step)
{
    unsigned points = 0;

    for (size_t i = 0; i < n_steps && n >= step[i].from; i++)
        points = step[i].points;
    return points;
}

static unsigned nature_points(enum gad_nature n)
{
    static const unsigned points[GAD_N_NATURES] = {[GAD_NATURE_MALFORMED] = 10,
                                                   [GAD_NATURE_TRAFFIC] = 10,
                                                   [GAD_NATURE_LOGIN] = 20,
                                                   [GAD_NATURE_CONTENT] = 30,
                                                   [GAD_NATURE_HOST] = 30};

    gad_assert((unsigned)n < GAD_N_NATURES);
    return points[n];
}

static unsigned rarity_points(double p_value, double budget)
{
    double from = budget > 0.0 ? budget : 0.001;

    if (!(p_value < from)) /* also NaN */
        return 0;
    double points = 5.0 * log10(from / p_value);
    return points < 15.0 ? (unsigned)points : 15;
}

static unsigned size_points(const struct severity_facts *f)
{
    static const struct step records[] = {{10, 5}, {100, 10}, {1000, 15}, {100000, 25}};
    static const struct step reach[] = {{10, 5}, {100, 10}};
    static const struct step bytes[] = {{MIB, 20}, {10 * MIB, 35}};
    uint64_t most = f->targets > f->ports ? f->targets : f->ports;

    return points_of(f->records, 4, records) + points_of(most, 2, reach) +
           points_of(f->bytes_out, 2, bytes);
}

static unsigned at_least(unsigned points, bool holds, unsigned least)
{
    return holds && points < least ? least : points;
}

unsigned severity_points(const struct severity_facts *f)
{
    unsigned points = nature_points(f->nature) + rarity_points(f->p_value, f->budget) +
                      size_points(f) + (f->sources >= MANY_SOURCES ? 10 : 0) +
                      (f->answered ? 10 : 0);

    if (f->nature <= GAD_NATURE_MALFORMED && f->sources < MANY_SOURCES && points > LONE_SCAN_MAX)
        points = LONE_SCAN_MAX;
    if (f->may_be_forged && points > FORGEABLE_MAX)
        points = FORGEABLE_MAX;
    points = at_least(points, f->bytes_out >= 100 * MIB, DATA_MIN);
    points = at_least(points, f->logged_in, LOGIN_MIN);
    points = at_least(points, f->root_shell, ROOT_MIN);
    return points < POINTS_MAX ? points : POINTS_MAX;
}

unsigned severity_of(unsigned points)
{
    return points >= HIGH_FROM     ? GAD_SEVERITY_HIGH
           : points >= MEDIUM_FROM ? GAD_SEVERITY_MEDIUM
                                   : GAD_SEVERITY_LOW;
}
