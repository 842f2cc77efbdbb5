/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <jansson.h>

#include "lib/base/diag.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"

static int run(struct ctl *ctl, int argc, char **argv)
{
    bool json = false;
    int code;

    if (ctl_only_json(ctl, &ctl_version, argc, argv, &json, &code) != CTL_OK)
        return code;

    char daemon[64];
    struct gad_diag d = {0};
    int err = status_version(ctl, daemon, sizeof(daemon), &d);
    bool runs = err == 0, is_absent = err == -ENOENT || err == -ECONNREFUSED;
    if (!runs && !is_absent)
        ctl_say("%s", d.text);
    if (json) {
        json_t *o = json_pack("{s:s, s:o}", "ganadctl", GANAD_VERSION, "ganadd",
                              runs ? json_string(daemon) : json_null());
        err = json_dumpf(o, stdout, JSON_COMPACT);
        json_decref(o);
        if (err)
            return CTL_ERROR;
        putchar('\n');
    } else {
        printf("ganadctl %s\nganadd   %s\n", GANAD_VERSION,
               runs        ? daemon
               : is_absent ? "not running here"
                           : "not known");
    }
    return CTL_OK;
}

const struct ctl_command ctl_version = {
    .name = "version",
    .usage = "[--json]",
    .summary = "the versions of ganadctl and of the ganadd that runs",
    .help = "  -J, --json   one object with the keys ganadctl and ganadd (null if none answers)\n",
    .run = run,
};
