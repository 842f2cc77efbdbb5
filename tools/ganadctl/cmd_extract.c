/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/extract.h"
#include "tools/ganadctl/ctl.h"

static int run_extract(struct ctl *ctl, int argc, char **argv)
{
    struct gad_diag d = {.text = ""};
    struct extract e;

    int code = extract_parse(argc, argv, &e, &d);
    if (code == EXTRACT_OK) {
        code = extract_run(&e, ctl_say);
    } else if (code == EXTRACT_HELP || !d.text[0]) {
        (void)ctl_option(ctl, &ctl_extract, code == EXTRACT_HELP ? 'h' : '?', NULL, &code);
    } else {
        code = ctl_usage(&ctl_extract, "%s", d.text);
    }
    extract_deinit(&e);
    return code;
}

const struct ctl_command ctl_extract = {
    .name = "extract",
    .usage = EXTRACT_ARGUMENTS,
    .summary = EXTRACT_SUMMARY,
    .help = EXTRACT_HELP_OPTIONS,
    .run = run_extract,
};
