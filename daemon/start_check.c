/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/start_check.h"

#include "daemon/config.h"
#include "daemon/ingest/capture.h"

static int check_captures(const struct config *c, struct gad_diag *d)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->n_captures; i++)
        if (config_capture_is_used(&c->capture[i]))
            r = capture_check(&c->capture[i], d);
    return r;
}

int start_check(const struct config *c, struct gad_diag *d)
{
    return check_captures(c, d);
}
