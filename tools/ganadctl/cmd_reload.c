/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/diag.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/reload.h"

static int run(struct ctl *ctl, int argc, char **argv)
{
    Ganad__V1__ControlRequest m;
    struct gad_diag d = {0};
    bool json = false;
    int code;

    if (ctl_only_json(ctl, &ctl_reload, argc, argv, &json, &code) != CTL_OK)
        return code;
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__RELOAD;
    return reload_run(ctl, &m, json, &d);
}

const struct ctl_command ctl_reload = {
    .name = "reload",
    .usage = "[-J]",
    .summary = "ganadd reads its configuration and all models anew, without losing a record",
    .help = "Models, alerts, log_level and stop_timeout take effect, and renewed certificates of "
            "outputs;\n"
            "other keys that have changed are listed, and need a restart. If anything is wrong "
            "nothing changes, and the exit status is "
            "1.\n"
            "\n"
            "  -J, --json            one JSON object\n",
    .run = run,
};
