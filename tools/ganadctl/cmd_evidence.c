/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/base/text.h"
#include "lib/base/time.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"

typedef Ganad__V1__EvidenceReply__File file_message;
typedef int take_fn(void *arg, const file_message *f);

static int ask(const Ganad__V1__ControlRequest *m, Ganad__V1__EvidenceReply **ret)
{
    return ctl_get(m, GANAD__V1__KIND__EVIDENCE_REPLY, &ganad__v1__evidence_reply__descriptor, ret);
}

/* Calls @take for each file, oldest first, until it fails. Returns an exit code. */
static int each_file(take_fn *take, void *arg)
{
    Ganad__V1__ControlRequest m;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__EVIDENCE_LIST;
    do {
        Ganad__V1__EvidenceReply *r = NULL;
        int code = ask(&m, &r);
        for (size_t i = 0; code == CLI_OK && i < r->n_file; i++)
            code = take(arg, r->file[i]);
        m.id = r && r->next > m.id ? r->next : 0;
        ganad__v1__evidence_reply__free_unpacked(r, NULL);
        if (code != CLI_OK)
            return code;
    } while (m.id != 0);
    return CLI_OK;
}

/* --- list --- */

struct listing {
    json_t *list; /* NULL: printed */
    size_t n;
};

static int show(void *arg, const file_message *f)
{
    struct listing *to = arg;
    char name[CTL_TEXT], time[GAD_TIME_TEXT];

    to->n++;
    gad_time_text((struct gad_time){f->time_ns}, time);
    ctl_safe(f->name, name);
    if (to->list)
        (void)json_array_append_new(to->list, json_pack("{s:s, s:I, s:s}", "name", name, "size",
                                                        (json_int_t)f->size, "time", time));
    else
        printf("%s  %10" PRIu64 "  %s\n", time, f->size, name);
    return CLI_OK;
}

static int list(bool json)
{
    struct listing to = {.list = json ? json_array() : NULL};
    int code = each_file(show, &to);

    if (code == CLI_OK && json) {
        if (json_dumpf(to.list, stdout, JSON_COMPACT) != 0)
            code = cli_failed(GAD_ENOMEM, NULL);
        printf("\n");
    } else if (code == CLI_OK && to.n == 0) {
        printf("no evidence\n");
    }
    json_decref(to.list);
    return code;
}

/* --- one event or incident --- */

/* Writes a file to the standard output. It can be deleted meanwhile: then the output is useless. */
static int copy(const char *name)
{
    Ganad__V1__ControlRequest m;
    bool is_end = false;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__EVIDENCE_READ;
    m.file = (char *)(uintptr_t)name;
    while (!is_end) {
        Ganad__V1__EvidenceReply *r = NULL;
        int code = ask(&m, &r);
        if (code != CLI_OK)
            return code;
        is_end = r->data.len == 0;
        m.id += r->data.len;
        bool is_cut = is_end && m.id != r->size;
        size_t n = fwrite(r->data.data, 1, r->data.len, stdout);
        bool is_written = n == r->data.len;
        ganad__v1__evidence_reply__free_unpacked(r, NULL);
        if (is_cut || !is_written) {
            cli_say("%s", is_cut ? "the file changed while it was read" : "cannot write");
            return CLI_FAILED;
        }
    }
    return CLI_OK;
}

struct wanted {
    const char *id;
    size_t n;
};

/*
 * A file is EVENT.pcapng or EVENT-iNUMBER.pcapng; EVENT is SENSOR-RUN-SEQUENCE, and the id of the
 * incident SENSOR-RUN-iNUMBER.
 */
static bool is_wanted(const char *name, const char *id)
{
    size_t len = strlen(id), of = strlen(name);
    const char *incident = strrchr(id, '-'), *end = strrchr(name, '-');

    if (strcmp(name, id) == 0)
        return true;
    if (of > len && strncmp(name, id, len) == 0 &&
        (strcmp(name + len, ".pcapng") == 0 || strncmp(name + len, "-i", 2) == 0))
        return true;
    if (!incident || incident[1] != 'i' || !end)
        return false;
    size_t head = (size_t)(incident - id) + 1, tail = len - (head - 1);
    return strncmp(name, id, head) == 0 && strncmp(end, incident, tail) == 0 &&
           strcmp(end + tail, ".pcapng") == 0;
}

static int copy_wanted(void *arg, const file_message *f)
{
    struct wanted *w = arg;

    if (!is_wanted(f->name, w->id))
        return CLI_OK;
    w->n++;
    return copy(f->name); /* files one after another are one pcapng file of several sections */
}

static int write_one(const char *id)
{
    struct wanted w = {.id = id};

    if (show_is_terminal(STDOUT_FILENO)) {
        cli_say("the packets are binary: redirect them, as in ganadctl evidence '%s' > FILE", id);
        return CLI_USAGE;
    }
    int code = each_file(copy_wanted, &w);
    if (code == CLI_OK && w.n == 0) {
        cli_say("no evidence of '%s': it was not kept, was deleted for newer files, or is about to "
                "be written",
                id);
        return CLI_FAILED;
    }
    return code;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {
        CTL_LONG_OPTIONS, {"json", no_argument, NULL, 'J'}, {NULL, 0, NULL, 0}};
    bool json = false;
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "J", longs, NULL)) != -1) {
        if (c == 'J')
            json = true;
        else if (ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    if (optind + 1 < argc)
        return cli_usage(self, "takes one EVENT or INCIDENT");
    if (optind < argc && json)
        return cli_usage(self, "--json is for the list");
    return optind < argc ? write_one(argv[optind]) : list(json);
}

const struct cli_command command_evidence = {
    .name = "evidence",
    .usage = "[--json] | EVENT > FILE | INCIDENT > FILE",
    .summary = "list or copy the packets of alerted connections",
    .help = "  -J, --json   the list as an array of objects with name, size, time\n"
            "  EVENT        the id of an alert, or a name in the list: its packets as pcapng\n"
            "  INCIDENT     the id of an incident: those of all its alerts\n",
    .run = run,
};
