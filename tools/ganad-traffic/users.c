/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/users.h"

#include "tools/ganad-traffic/draw.h"

const struct user *user_any(struct gad_rng *r)
{
    static const struct user users[] = {
        {"alice", "wonder12"}, {"bob", "builder9"},   {"carol", "xmas2024"}, {"dave", "hal9000x"},
        {"erin", "emerald7"},  {"frank", "stein818"}, {"grace", "cobol59"},  {"heidi", "alps4049"},
        {"ivan", "moskva42"},  {"judy", "garland3"},
    };
    return &draw_pick(r, users);
}
