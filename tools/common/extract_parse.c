/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tools/common/extract.h"
#include "tools/common/option.h"

enum {
    OPT_FORMAT = 256,
    OPT_LABEL,
    OPT_WITH_CONNECTION,
    OPT_HEAD,
    OPT_MERGE,
};

static const struct option longs[] = {{"out", required_argument, NULL, 'o'},
                                      {"format", required_argument, NULL, OPT_FORMAT},
                                      {"label", required_argument, NULL, OPT_LABEL},
                                      {"with-connection", no_argument, NULL, OPT_WITH_CONNECTION},
                                      {"head", no_argument, NULL, OPT_HEAD},
                                      CAPTURE_LONG_OPTIONS,
                                      {"merge", no_argument, NULL, OPT_MERGE},
                                      {"help", no_argument, NULL, 'h'},
                                      {NULL, 0, NULL, 0}};

static int set_format(struct extract *e, const char *arg, struct gad_diag *d)
{
    if (strcmp(arg, "csv") == 0)
        e->form.ndjson = false;
    else if (strcmp(arg, "ndjson") == 0)
        e->form.ndjson = true;
    else
        return gad_fail(d, GAD_EINVAL, "--format: '%s' is neither csv nor ndjson", arg);
    return 0;
}

static int take_option(struct extract *e, int c, const char *arg, struct gad_diag *d)
{
    if (c >= CAPTURE_OPTION_FIRST)
        return capture_option_take(&e->capture, c, arg, d);
    switch (c) {
    case 'o':
        e->out = arg;
        break;
    case OPT_FORMAT:
        return set_format(e, arg, d);
    case OPT_LABEL:
        e->form.label = arg;
        if (!gad_record_text_is_label(arg))
            return gad_fail(d, GAD_EINVAL,
                            "--label: '%s' is not 1 to 31 letters, digits, '_' and '-'", arg);
        break;
    case OPT_WITH_CONNECTION:
        e->form.with_connection = true;
        break;
    case OPT_HEAD:
        e->head = true;
        break;
    default:
        e->merge = true;
    }
    return 0;
}

int extract_parse(int argc, char **argv, struct extract *ret, struct gad_diag *d)
{
    int c;

    *ret = (struct extract){.merge = false};
    capture_options_init(&ret->capture);
    optind = 0; /* whoever looked at options before has finished */
    while ((c = option_next(argc, argv, "ho:", longs, NULL)) != -1) {
        if (c == '?')
            return EXTRACT_USAGE;
        if (c == 'h')
            return EXTRACT_HELP;
        if (take_option(ret, c, optarg, d) != 0)
            return EXTRACT_USAGE;
    }
    if (ret->head && ret->form.ndjson) {
        (void)gad_fail(d, GAD_EINVAL, "--head: ndjson has none, its keys are the names");
        return EXTRACT_USAGE;
    }
    ret->input = argv + optind;
    ret->n_inputs = (size_t)(argc - optind);
    if (ret->n_inputs > 0)
        return EXTRACT_OK;
    (void)gad_fail(d, GAD_EINVAL,
                   "extract needs captures: files, folders, or - for the standard input");
    return EXTRACT_USAGE;
}

void extract_deinit(struct extract *e)
{
    capture_options_deinit(&e->capture);
}
