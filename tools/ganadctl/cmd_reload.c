/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>

#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/reload.h"

static int run(struct ctl *ctl, int argc, char **argv)
{
    static const struct option longs[] = {
        CTL_LONG_OPTIONS, {"json", no_argument, NULL, 'J'}, {NULL, 0, NULL, 0}};
    Ganad__V1__ControlRequest m;
    bool json = false;
    int c, code;

    while ((c = getopt_long(argc, argv, CTL_OPTIONS "J", longs, NULL)) != -1) {
        if (c == 'J')
            json = true;
        else if (ctl_option(ctl, &ctl_reload, c, optarg, &code) != CTL_OK)
            return code;
    }
    if (argc != optind)
        return ctl_usage(&ctl_reload, "reload takes no '%s'", argv[optind]);
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__RELOAD;
    return reload_run(ctl, &m, json);
}

const struct ctl_command ctl_reload = {
    .name = "reload",
    .usage = "[-J]",
    .summary = "ganadd reads its configuration and all models anew, without losing a record",
    .help =
        "Models, alerts, log_level and stop_timeout take effect; other keys that have changed are\n"
        "told, and need a restart. If anything is wrong nothing changes, and the exit status is "
        "1.\n"
        "\n"
        "  -J, --json            one JSON object\n",
    .run = run,
};
