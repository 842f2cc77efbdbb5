/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <jansson.h>

#include "lib/checkpoint/checkpoint.h"
#include "models/detector.h"
#include "tools/common/option.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/describe.h"

static int inspect(const char *path, bool json)
{
    struct gad_diag d = {0}, why = {0};
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;
    int err = gad_checkpoint_read(path, &c, &d);
    if (err != 0)
        return cli_failed(err, &d);

    /* The file is sound; whether it scores as it did where it was made is another question. */
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    err = gad_detector_new(path, c, &det, &why);
    struct description s = {.path = path, .checkpoint = c, .detector = det, .why = why.text};
    if (json) {
        json_t *j = describe_json(&s);
        if (!j)
            return cli_failed(GAD_ENOMEM, NULL);
        (void)json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        (void)putchar('\n');
        json_decref(j);
    } else {
        describe_text(&s, stdout);
    }
    if (err != 0)
        (void)cli_failed(err, &why);
    return err != 0 ? CLI_FAILED : cli_flushed();
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    bool json = false;

    for (int o; (o = option_next(argc, argv, "", options, NULL)) != -1;) {
        if (o != 'j')
            return cli_try_help(self); /* getopt said why */
        json = true;
    }
    if (optind == argc)
        return cli_usage(self, "give one checkpoint");
    if (optind < argc - 1)
        return cli_usage(self, "give one checkpoint: '%s' is one more", argv[optind + 1]);
    return inspect(argv[optind], json);
}

const struct cli_command command_inspect = {
    .name = "inspect",
    .summary = "show what is in a checkpoint",
    .help =
        "Usage: ganad-train inspect CHECKPOINT [--json]\n\n"
        "Shows what is in a checkpoint: its model and networks, what it expects of a record, how\n"
        "scores are calibrated and where it comes from. The file is checked as the daemon would\n"
        "check it, self-test included; a file that is refused is named with the reason and the\n"
        "exit code is 1.\n\n"
        "  --json    the same as one JSON object\n",
    .run = run,
};
