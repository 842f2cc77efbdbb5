/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"
#include "tools/ganadctl/suppress.h"

enum { RULE_MAX = 1024 };

/* Returns the answer, which the caller frees; or NULL after a message, with the exit code. */
static Ganad__V1__SuppressReply *ask(const Ganad__V1__ControlRequest *m, int *ret_code)
{
    Ganad__V1__SuppressReply *reply = NULL;

    *ret_code =
        ctl_get(m, GANAD__V1__KIND__SUPPRESS_REPLY, &ganad__v1__suppress_reply__descriptor, &reply);
    return reply;
}

/* --- add --- */

/* Joins the words to one text. The shell removed the quotes of a comment, so this puts them
 * back. */
static bool join(int n, char **word, char rule[static RULE_MAX + 1])
{
    struct gad_buf b = GAD_BUF_INIT(RULE_MAX + 1);

    for (int i = 0; i < n; i++) {
        const char *value = strncmp(word[i], "comment=", 8) == 0 ? word[i] + 8 : NULL;
        gad_buf_printf(&b, "%s", i > 0 ? " " : "");
        if (!value || *value == '"') {
            gad_buf_add(&b, word[i], strlen(word[i]));
            continue;
        }
        gad_buf_printf(&b, "comment=\"");
        for (; *value; value++)
            gad_buf_printf(&b, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
        gad_buf_printf(&b, "\"");
    }
    gad_buf_add(&b, "", 1);
    bool fits = !b.bad;
    if (fits)
        memcpy(rule, b.p, b.len);
    gad_buf_deinit(&b);
    return fits;
}

/* A rule matches the name of the model in alerts. A name that no model has can be a typo, or of a
 * future model. */
static void warn_of_model(int n, char **word)
{
    Ganad__V1__StatusReply *status = NULL;
    char list[STATUS_MODELS];
    const char *name = NULL;
    bool found = false;

    for (int i = 0; i < n; i++)
        name = strncmp(word[i], "model=", 6) == 0 ? word[i] + 6 : name;
    if (!name || *name == '"' || status_get(&status) != CLI_OK)
        return;
    for (size_t i = 0; i < status->n_model; i++)
        found = found || strcmp(status->model[i]->alert_name, name) == 0;
    status_models(status, list);
    if (!found)
        cli_say("warning: no model is called '%s' in alerts, so the rule matches none; the models "
                "are %s",
                name, list);
    ganad__v1__status_reply__free_unpacked(status, NULL);
}

static int add(struct suppress *s, int n, char **word)
{
    Ganad__V1__ControlRequest m;
    char rule[RULE_MAX + 1];
    int code;

    if (n == 0)
        return cli_usage(&command_suppress, "add needs a rule, such as src=192.0.2.0/24 dport=80");
    if (!join(n, word, rule))
        return cli_usage(&command_suppress, "the rule is longer than %d bytes", RULE_MAX);
    if (s->dry_run)
        return suppress_file_check(s, rule);
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_ADD;
    m.rule = rule;
    Ganad__V1__SuppressReply *r = ask(&m, &code);
    if (!r)
        return code;
    for (size_t i = 0; i < r->n_rule; i++)
        if (s->json)
            suppress_show(s, r->rule[i]);
        else
            printf("%" PRIu64 "\n", r->rule[i]->id);
    ganad__v1__suppress_reply__free_unpacked(r, NULL);
    warn_of_model(n, word);
    return suppress_finish(s);
}

/* --- list --- */

/* Calls @take for each rule, by ascending number. Returns an exit code. */
static int each_rule(void (*take)(void *arg, const Ganad__V1__SuppressReply__Rule *r), void *arg)
{
    Ganad__V1__ControlRequest m;
    int code;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_LIST;
    do {
        Ganad__V1__SuppressReply *r = ask(&m, &code);
        if (!r)
            return code;
        for (size_t i = 0; i < r->n_rule; i++)
            take(arg, r->rule[i]);
        m.id = r->next > m.id ? r->next : 0;
        ganad__v1__suppress_reply__free_unpacked(r, NULL);
    } while (m.id != 0);
    return CLI_OK;
}

static void show(void *arg, const Ganad__V1__SuppressReply__Rule *r)
{
    suppress_show(arg, r);
}

static int list(struct suppress *s)
{
    int code = s->file ? suppress_file_list(s) : each_rule(show, s);

    if (code == CLI_OK && s->n == 0 && !s->json)
        printf("no rules\n");
    return code == CLI_OK ? suppress_finish(s) : code;
}

/* --- rm --- */

struct ids {
    uint64_t *id; /* (n), ascending, each once */
    size_t n, n_found;
};

static int by_number(const void *pa, const void *pb)
{
    const uint64_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

static void find_id(void *arg, const Ganad__V1__SuppressReply__Rule *r)
{
    struct ids *ids = arg; /* rules arrive in the same order */
    ids->n_found += ids->n_found < ids->n && ids->id[ids->n_found] == r->id;
}

/* Checks all numbers before the first rule is removed. Returns an exit code. */
static int check_ids(int n, char **word, struct ids *ids)
{
    for (int i = 0; i < n; i++)
        if (gad_text_u64(word[i], strlen(word[i]), UINT64_MAX, &ids->id[i]) != 0)
            return cli_usage(&command_suppress,
                             "rm '%s': not a number as list shows them; no rule was removed",
                             word[i]);
    qsort(ids->id, (size_t)n, sizeof(ids->id[0]), by_number);
    for (int i = 0; i < n; i++)
        if (ids->n == 0 || ids->id[i] != ids->id[ids->n - 1])
            ids->id[ids->n++] = ids->id[i];
    int code = each_rule(find_id, ids);
    if (code != CLI_OK || ids->n_found == ids->n)
        return code;
    cli_say("no rule %" PRIu64 " exists; no rule was removed", ids->id[ids->n_found]);
    return CLI_FAILED;
}

static int rm(int n, char **word)
{
    gad_cleanup(gad_freep) uint64_t *id = gad_calloc((size_t)n, sizeof(*id));
    struct ids ids = {.id = id};
    Ganad__V1__ControlRequest m;

    if (n == 0)
        return cli_usage(&command_suppress, "rm needs the numbers of rules");
    if (!id)
        return cli_failed(GAD_ENOMEM, NULL);
    int code = check_ids(n, word, &ids), worst = code;
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_REMOVE;
    for (size_t i = 0; i < ids.n && code == CLI_OK; i++) {
        m.id = ids.id[i];
        Ganad__V1__SuppressReply *r = ask(&m, &code);
        if (!r && code == CLI_UNREACHABLE)
            return code;
        worst = r ? worst : code;
        code = CLI_OK; /* its failure does not stop the others */
        ganad__v1__suppress_reply__free_unpacked(r, NULL);
    }
    return worst;
}

/* --- test --- */

static int test(struct suppress *s, int n, char **word)
{
    Ganad__V1__ControlRequest m;
    Ganad__V1__SuppressTest t;
    struct suppress_asked a;

    int code = suppress_asked_parse(n, word, &a);
    if (code != CLI_OK)
        return code;
    if (s->file)
        return suppress_file_test(s, &a);
    struct gad_tuple *of = &a.rec.tuple;
    size_t len = of->family == 4 ? 4 : 16;
    ganad__v1__control_request__init(&m);
    ganad__v1__suppress_test__init(&t);
    t.src_ip = (ProtobufCBinaryData){a.has_src ? len : 0, of->src};
    t.dst_ip = (ProtobufCBinaryData){a.has_dst ? len : 0, of->dst};
    t.src_port = of->src_port;
    t.dst_port = of->dst_port;
    t.ip_proto = of->proto;
    t.service = (char *)(uintptr_t)a.service;
    t.model = (char *)(uintptr_t)a.model;
    t.score = a.score;
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_TEST;
    m.test = &t;
    Ganad__V1__SuppressReply *r = ask(&m, &code);
    if (!r)
        return code;
    for (size_t i = 0; i < r->n_rule; i++)
        suppress_show(s, r->rule[i]);
    if (r->n_all == 0 && !s->json)
        printf("no rule matches: it would raise an alert\n");
    if (r->n_all > r->n_rule)
        cli_say("%" PRIu64 " rules match, of which these are the first", r->n_all);
    ganad__v1__suppress_reply__free_unpacked(r, NULL);
    return suppress_finish(s);
}

static int dispatch(struct suppress *s, const char *what, int n, char **word)
{
    static const char *const names[] = {"add", "list", "rm", "test"};
    char hint[CLI_HINT];

    if (strcmp(what, "add") == 0)
        return add(s, n, word);
    if (strcmp(what, "rm") == 0)
        return rm(n, word);
    if (strcmp(what, "test") == 0)
        return test(s, n, word);
    if (strcmp(what, "list") == 0 && n == 0)
        return list(s);
    if (strcmp(what, "list") == 0)
        return cli_usage(&command_suppress, "list takes no '%s'", word[0]);
    return cli_usage(&command_suppress, "takes add, list, rm or test, not '%s'%s", what,
                     cli_hint(what, names, sizeof(names) / sizeof(names[0]), hint));
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"file", required_argument, NULL, 'f'},
                                          {"dry-run", no_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
    struct suppress s = {.colour = show_is_terminal(STDOUT_FILENO)};
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "Jf:n", longs, NULL)) != -1) {
        if (c == 'J')
            s.json = true;
        else if (c == 'f')
            s.file = optarg;
        else if (c == 'n')
            s.dry_run = true;
        else if (ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    const char *what = optind < argc ? argv[optind] : "list";
    int n = optind < argc ? argc - optind - 1 : 0;
    char **word = argv + optind + 1;
    if (s.file && (strcmp(what, "add") == 0 || strcmp(what, "rm") == 0))
        return cli_usage(&command_suppress, "--file is for list and test; %s needs ganadd", what);
    if (s.dry_run && strcmp(what, "add") != 0)
        return cli_usage(&command_suppress, "--dry-run is for add");
    s.list = s.json ? json_array() : NULL;
    int code = dispatch(&s, what, n, word);
    json_decref(s.list);
    return code;
}

const struct cli_command command_suppress = {
    .name = "suppress",
    .usage = "[--json] [--file FILE] [--dry-run] [list | add RULE | rm ID... | test CONNECTION]",
    .summary = "manage rules for expected connections, which raise no alert",
    .help =
        "  -J, --json        list, add and test: an array of objects with id, rule, created, "
        "hits,\n"
        "                    last_hit, expires, expired\n"
        "  -f, --file FILE   list and test: of a file of rules, without ganadd\n"
        "  -n, --dry-run     add: check and show the rule, without ganadd\n"
        "  list              the rules, with their hits\n"
        "  add RULE          of src=, dst=, host= (networks), sport=, dport= (ports or ranges),\n"
        "                    proto=, service=, model=, score<N, expires= (a time, or +2h, +7d),\n"
        "                    comment=; prints the number of the rule\n"
        "  rm ID...          remove rules: all of them, or none if one does not exist\n"
        "  test CONNECTION   show the rules that match src=, dst=, sport=, dport=, proto=, "
        "service=,\n"
        "                    model=, score=, without counting a hit\n",
    .run = run,
};
