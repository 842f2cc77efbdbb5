/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "tools/common/option.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"

enum { TEXT = 512 };

/* A file that could not be opened is somebody's to mend; that a unix socket has no reader is not news. */
static int look(const Ganad__V1__StatusReply *s)
{
    const Ganad__V1__StatusReply__Records *r = s->records;
    char name[TEXT], why[TEXT];
    int code = CTL_OK;

    for (size_t i = 0; i < s->n_output; i++) {
        const Ganad__V1__StatusReply__Output *o = s->output[i];
        if (strcmp(o->type, "file") != 0 || strcmp(o->state, "open") == 0)
            continue;
        gad_text_escape(name, sizeof(name), o->target, strlen(o->target));
        gad_text_escape(why, sizeof(why), o->error, strlen(o->error));
        ctl_say("%s: %s", name, why);
        code = CTL_ERROR;
    }
    if (r && strcmp(r->state, "open") != 0) {
        gad_text_escape(name, sizeof(name), r->file, strlen(r->file));
        gad_text_escape(why, sizeof(why), r->error, strlen(r->error));
        ctl_say("%s: %s", name, why);
        code = CTL_ERROR;
    }
    return code;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS, {NULL, 0, NULL, 0}};
    struct gad_diag d = {0};
    Ganad__V1__StatusReply *s = NULL;
    bool reached;
    int c, code;

    while ((c = option_next(argc, argv, CTL_OPTIONS, longs, NULL)) != -1)
        if (ctl_option(ctl, &ctl_reopen, c, optarg, &code) != CTL_OK)
            return code;
    if (argc != optind)
        return ctl_usage(&ctl_reopen, "reopen takes no '%s'", argv[optind]);
    int err = status_ask(ctl, GANAD__V1__CONTROL_REQUEST__COMMAND__REOPEN, &s, &reached, &d);
    if (err && !reached)
        return ctl_unreachable(ctl, err, &d, false);
    if (err) {
        ctl_say("%s", d.text);
        return CTL_ERROR;
    }
    code = look(s);
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

const struct ctl_command ctl_reopen = {
    .name = "reopen",
    .usage = "",
    .summary = "ganadd opens the files of alerts and records anew, after they were moved away",
    .help = "",
    .run = run,
};
