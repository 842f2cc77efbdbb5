/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/alert.h"

#include <math.h>

enum { HIGH_FROM = 90, MEDIUM_FROM = 70 };

unsigned alert_risk(double p_value, uint64_t n_calibration)
{
    double least = 1.0 / ((double)n_calibration + 1.0);

    if (!(p_value < 1.0) || n_calibration == 0)
        return 0;
    if (p_value <= least)
        return 100;
    return (unsigned)lround(100.0 * log(p_value) / log(least));
}

unsigned alert_severity(unsigned risk)
{
    return risk >= HIGH_FROM ? 1 : risk >= MEDIUM_FROM ? 2 : 3;
}
