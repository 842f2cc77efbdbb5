/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/spread.h"

#include <math.h>

struct spread spread_of(size_t n, const double *v)
{
    const double none = (double)NAN;
    struct spread s = {.n = n, .mean = none, .sd = none, .least = none};
    double sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++) {
        sum += v[i];
        if (i == 0 || !(v[i] >= s.least))
            s.least = v[i];
    }
    if (n > 0)
        s.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (v[i] - s.mean) * (v[i] - s.mean);
    if (n > 1)
        s.sd = sqrt(squares / (double)(n - 1));
    return s;
}
