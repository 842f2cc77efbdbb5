/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "proto/ganad.pb-c.h"
#include "tools/common/show.h"
#include "tools/ganadctl/client.h"
#include "tools/ganadctl/ctl.h"

enum { RULE_MAX = 1024, SHOWN = 2048 };

struct suppress {
    struct ctl *ctl;
    bool json, colour;
    json_t *list; /* with --json */
    size_t n;
};

/* One question, and its answer, which is the caller's to free; or the exit code of a failure. */
static Ganad__V1__SuppressReply *ask(struct suppress *s, Ganad__V1__ControlRequest *m,
                                     int *ret_code)
{
    struct client c = CLIENT_INIT;
    struct gad_diag d = {0};
    struct gad_frame f;
    Ganad__V1__SuppressReply *reply = NULL;

    int err = client_open(&c, ctl_control_socket(s->ctl), &d);
    if (err) {
        *ret_code = ctl_unreachable(err, &d, false);
        return NULL;
    }
    err = client_ask(&c, GANAD__V1__KIND__CONTROL_REQUEST, &m->base,
                     GANAD__V1__KIND__SUPPRESS_REPLY, &f, &d);
    if (!err)
        reply = ganad__v1__suppress_reply__unpack(NULL, f.len, f.p);
    if (!err && !reply)
        (void)gad_fail(&d, GAD_EFORMAT, "an answer that cannot be read");
    if (!reply)
        ctl_say("%s", d.text);
    *ret_code = CTL_ERROR;
    client_close(&c);
    return reply;
}

static void time_text(int64_t ns, char text[static GAD_TIME_TEXT])
{
    if (ns == 0) {
        (void)snprintf(text, GAD_TIME_TEXT, "-");
        return;
    }
    gad_time_text((struct gad_time){ns}, text);
    char *dot = strchr(text, '.');
    if (dot)
        memcpy(dot, "Z", 2); /* whole seconds will do */
}

static void show_rule(struct suppress *s, const Ganad__V1__SuppressReply__Rule *r)
{
    char last[GAD_TIME_TEXT], created[GAD_TIME_TEXT], hits[SHOW_TEXT], rule[SHOWN];

    time_text(r->last_hit_ns, last);
    time_text(r->created_ns, created);
    if (s->json) {
        json_t *o = json_pack("{s:I, s:s, s:s, s:I}", "id", (json_int_t)r->id, "rule", r->rule,
                              "created", created, "hits", (json_int_t)r->hits);
        (void)json_object_set_new(o, "last_hit", r->last_hit_ns ? json_string(last) : json_null());
        (void)json_array_append_new(s->list, o);
        return;
    }
    if (s->n++ == 0)
        printf("%s%6s  %12s  %-20s  %s%s\n", s->colour ? "\033[1m" : "", "ID", "HITS", "LAST HIT",
               "RULE", s->colour ? "\033[0m" : "");
    gad_text_escape(rule, sizeof(rule), r->rule, strlen(r->rule));
    printf("%6" PRIu64 "  %12s  %-20s  %s\n", r->id, show_count(r->hits, hits), last, rule);
}

static int finish(struct suppress *s)
{
    int err = 0;

    if (s->json) {
        err = json_dumpf(s->list, stdout, JSON_COMPACT);
        putchar('\n');
    }
    json_decref(s->list);
    return err || fflush(stdout) != 0 ? CTL_ERROR : CTL_OK;
}

/* --- add --- */

/* The words as one text: a shell has taken the quotes of a comment off, so they are put back. */
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

static int add(struct suppress *s, int n, char **word)
{
    Ganad__V1__ControlRequest m;
    char rule[RULE_MAX + 1];
    int code;

    if (n == 0)
        return ctl_usage(&ctl_suppress, "add needs a rule, such as src=192.0.2.0/24 dport=80");
    if (!join(n, word, rule))
        return ctl_usage(&ctl_suppress, "the rule is over %d bytes long", RULE_MAX);
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_ADD;
    m.rule = rule;
    Ganad__V1__SuppressReply *r = ask(s, &m, &code);
    if (!r)
        return code;
    for (size_t i = 0; i < r->n_rule; i++)
        if (s->json)
            show_rule(s, r->rule[i]);
        else
            printf("%" PRIu64 "\n", r->rule[i]->id);
    ganad__v1__suppress_reply__free_unpacked(r, NULL);
    return finish(s);
}

/* --- list --- */

static int list(struct suppress *s)
{
    Ganad__V1__ControlRequest m;
    int code;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_LIST;
    do {
        Ganad__V1__SuppressReply *r = ask(s, &m, &code);
        if (!r)
            return code;
        for (size_t i = 0; i < r->n_rule; i++)
            show_rule(s, r->rule[i]);
        m.id = r->next > m.id ? r->next : 0;
        ganad__v1__suppress_reply__free_unpacked(r, NULL);
    } while (m.id != 0);
    return finish(s);
}

/* --- rm --- */

static int rm(struct suppress *s, int n, char **word)
{
    Ganad__V1__ControlRequest m;
    int code, worst = CTL_OK;

    if (n == 0)
        return ctl_usage(&ctl_suppress, "rm needs the numbers of rules");
    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_REMOVE;
    for (int i = 0; i < n; i++) {
        if (gad_text_u64(word[i], strlen(word[i]), UINT64_MAX, &m.id) != 0)
            return ctl_usage(&ctl_suppress, "rm '%s': a number, as list shows them", word[i]);
        Ganad__V1__SuppressReply *r = ask(s, &m, &code);
        if (!r && code == CTL_UNREACHABLE)
            return code;
        worst = r ? worst : code;
        ganad__v1__suppress_reply__free_unpacked(r, NULL);
    }
    json_decref(s->list);
    return worst;
}

/* --- test --- */

static bool set_address(const char *text, uint8_t addr[static 16], ProtobufCBinaryData *to)
{
    to->data = addr;
    to->len = inet_pton(AF_INET, text, addr) == 1    ? 4
              : inet_pton(AF_INET6, text, addr) == 1 ? 16
                                                     : 0;
    return to->len > 0;
}

static bool set_number(const char *text, uint64_t max, uint32_t *to)
{
    uint64_t v;
    bool ok = gad_text_u64(text, strlen(text), max, &v) == 0;
    *to = ok ? (uint32_t)v : 0;
    return ok;
}

static bool set_proto(const char *text, uint32_t *to)
{
    *to = strcmp(text, "tcp") == 0    ? 6
          : strcmp(text, "udp") == 0  ? 17
          : strcmp(text, "icmp") == 0 ? 1
                                      : 0;
    return *to != 0 || set_number(text, 255, to);
}

/* "src=192.0.2.4" and the like into the question. */
static bool set_field(char *word, Ganad__V1__SuppressTest *t, uint8_t addr[static 2][16])
{
    char *value = strchr(word, '=');

    if (!value)
        return false;
    *value++ = '\0';
    if (strcmp(word, "src") == 0)
        return set_address(value, addr[0], &t->src_ip);
    if (strcmp(word, "dst") == 0)
        return set_address(value, addr[1], &t->dst_ip);
    if (strcmp(word, "sport") == 0)
        return set_number(value, 65535, &t->src_port);
    if (strcmp(word, "dport") == 0)
        return set_number(value, 65535, &t->dst_port);
    if (strcmp(word, "proto") == 0)
        return set_proto(value, &t->ip_proto);
    if (strcmp(word, "score") == 0)
        return gad_text_real(value, strlen(value), &t->score) == 0;
    if (strcmp(word, "service") == 0)
        t->service = value;
    else if (strcmp(word, "model") == 0)
        t->model = value;
    else
        return false;
    return true;
}

static int test(struct suppress *s, int n, char **word)
{
    Ganad__V1__ControlRequest m;
    Ganad__V1__SuppressTest t;
    uint8_t addr[2][16] = {{0}};
    int code;

    ganad__v1__control_request__init(&m);
    ganad__v1__suppress_test__init(&t);
    for (int i = 0; i < n; i++)
        if (!set_field(word[i], &t, addr))
            return ctl_usage(
                &ctl_suppress,
                "test '%s': of src, dst (addresses), sport, dport, proto, service, model and "
                "score, each KEY=VALUE",
                word[i]);
    if (n == 0)
        return ctl_usage(&ctl_suppress, "test needs a connection, such as src=192.0.2.4 dport=80");
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__SUPPRESS_TEST;
    m.test = &t;
    Ganad__V1__SuppressReply *r = ask(s, &m, &code);
    if (!r)
        return code;
    for (size_t i = 0; i < r->n_rule; i++)
        show_rule(s, r->rule[i]);
    if (r->n_all == 0 && !s->json)
        printf("no rule: it would raise an alert\n");
    ganad__v1__suppress_reply__free_unpacked(r, NULL);
    return finish(s);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
    static const struct option longs[] = {
        CTL_LONG_OPTIONS, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    struct suppress s = {.ctl = ctl, .colour = ctl_is_terminal(STDOUT_FILENO)};
    int c, code;

    while ((c = getopt_long(argc, argv, CTL_OPTIONS "j", longs, NULL)) != -1) {
        if (c == 'j')
            s.json = true;
        else if (ctl_option(ctl, &ctl_suppress, c, optarg, &code) != CTL_OK)
            return code;
    }
    const char *what = optind < argc ? argv[optind] : "list";
    int n = optind < argc ? argc - optind - 1 : 0;
    char **word = argv + optind + 1;
    s.list = s.json ? json_array() : NULL;
    if (strcmp(what, "add") == 0)
        return add(&s, n, word);
    if (strcmp(what, "rm") == 0)
        return rm(&s, n, word);
    if (strcmp(what, "test") == 0)
        return test(&s, n, word);
    if (strcmp(what, "list") == 0 && n == 0)
        return list(&s);
    return ctl_usage(&ctl_suppress, "suppress takes add, list, rm or test, not '%s'", what);
}

const struct ctl_command ctl_suppress = {
    .name = "suppress",
    .usage = "[--json] [list | add RULE | rm ID... | test CONNECTION]",
    .summary = "rules that say what is expected and raises no alert",
    .help =
        "  -j, --json        list, add and test: an array of objects with id, rule, created, hits, "
        "last_hit\n"
        "  list              the rules, with their hits\n"
        "  add RULE          of src=, dst=, host= (networks), sport=, dport= (ports or ranges), "
        "proto=,\n"
        "                    service=, model=, score<N, expires= (a time, or +2h, +7d), comment=;\n"
        "                    prints its number\n"
        "  rm ID...          removes rules\n"
        "  test CONNECTION   the rules that src=, dst=, sport=, dport=, proto=, service=, model=, "
        "score=\n"
        "                    meet, without counting a hit\n",
    .run = run,
};
