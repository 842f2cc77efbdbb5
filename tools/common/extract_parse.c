/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/flow/table.h"
#include "lib/record/service.h"
#include "tools/common/extract.h"

enum {
    OPT_FORMAT = 256,
    OPT_LABEL,
    OPT_WITH_CONNECTION,
    OPT_HEAD,
    OPT_SEED,
    OPT_FILTER,
    OPT_SERVICE,
    OPT_CHECKSUMS,
    OPT_MAX_FLOWS,
    OPT_MERGE,
};

static const struct option longs[] = {{"out", required_argument, NULL, 'o'},
                                      {"format", required_argument, NULL, OPT_FORMAT},
                                      {"label", required_argument, NULL, OPT_LABEL},
                                      {"with-connection", no_argument, NULL, OPT_WITH_CONNECTION},
                                      {"head", no_argument, NULL, OPT_HEAD},
                                      {"seed", required_argument, NULL, OPT_SEED},
                                      {"filter", required_argument, NULL, OPT_FILTER},
                                      {"service", required_argument, NULL, OPT_SERVICE},
                                      {"checksums", required_argument, NULL, OPT_CHECKSUMS},
                                      {"max-flows", required_argument, NULL, OPT_MAX_FLOWS},
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

static int set_checksums(struct extract *e, const char *arg, struct gad_diag *d)
{
    static const char *const names[] = {[GAD_CHECKSUMS_IGNORE] = "ignore",
                                        [GAD_CHECKSUMS_VERIFY] = "verify",
                                        [GAD_CHECKSUMS_AUTO] = "auto"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(arg, names[i]) == 0) {
            e->checksums = (enum gad_checksums)i;
            return 0;
        }
    return gad_fail(d, GAD_EINVAL, "--checksums: '%s' is none of ignore, verify, auto", arg);
}

static int read_number(const char *option, const char *arg, uint64_t min, uint64_t max,
                       uint64_t *ret, struct gad_diag *d)
{
    uint64_t v = 0;

    if (gad_text_u64(arg, strlen(arg), max, &v) != 0 || v < min)
        return gad_fail(d, GAD_EINVAL, "%s: '%s' is not a whole number from %llu to %llu", option,
                        arg, (unsigned long long)min, (unsigned long long)max);
    *ret = v;
    return 0;
}

/* Tried at once, so that the message names the option. */
static int add_services(struct extract *e, const char *arg, struct gad_diag *d)
{
    gad_cleanup(gad_services_freep) struct gad_services *trial = NULL;
    size_t old = e->services ? strlen(e->services) + 1 : 0, len = strlen(arg);

    int r = gad_services_new(&trial);
    if (r == 0)
        r = gad_services_map(trial, arg, d);
    if (r != 0) {
        gad_diag_prefix(d, "--service");
        return r;
    }
    char *all = gad_realloc_array(e->services, old + len + 1, 1);
    if (!all)
        return GAD_ENOMEM;
    if (old > 0)
        all[old - 1] = ',';
    memcpy(all + old, arg, len + 1);
    e->services = all;
    return 0;
}

static int take_option(struct extract *e, int c, const char *arg, struct gad_diag *d)
{
    uint64_t n = 0;
    int r = 0;

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
    case OPT_SEED:
        r = read_number("--seed", arg, 0, UINT16_MAX, &n, d);
        e->seed = (uint16_t)n;
        break;
    case OPT_FILTER:
        e->filter = arg;
        break;
    case OPT_SERVICE:
        return add_services(e, arg, d);
    case OPT_CHECKSUMS:
        return set_checksums(e, arg, d);
    case OPT_MAX_FLOWS:
        r = read_number("--max-flows", arg, 1, GAD_FLOWS_MAX, &n, d);
        e->max_flows = (size_t)n;
        break;
    default:
        e->merge = true;
    }
    return r;
}

int extract_parse(int argc, char **argv, struct extract *ret, struct gad_diag *d)
{
    int c;

    *ret = (struct extract){.checksums = GAD_CHECKSUMS_IGNORE};
    optind = 0; /* whoever looked at options before has finished */
    while ((c = getopt_long(argc, argv, "ho:", longs, NULL)) != -1) {
        if (c == '?')
            return EXTRACT_USAGE;
        if (c == 'h')
            return EXTRACT_HELP;
        if (take_option(ret, c, optarg, d) != 0)
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
    gad_free(e->services);
    e->services = NULL;
}
