/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/feedback/list.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/feedback.h"

struct options {
    const char *comment, *from, *file;
    bool json;
};

static Ganad__V1__FeedbackReply *ask(const Ganad__V1__ControlRequest *m, int *ret_code)
{
    Ganad__V1__FeedbackReply *reply = NULL;

    *ret_code =
        ctl_get(m, GANAD__V1__KIND__FEEDBACK_REPLY, &ganad__v1__feedback_reply__descriptor, &reply);
    return reply;
}

static const char *id_of(const struct gad_verdict *v)
{
    return *v->incident ? v->incident : v->event;
}

/* --- list --- */

/* "alice", else "uid 1000". */
static const char *who_of(const struct gad_verdict_mark *m, char text[static CTL_TEXT])
{
    char name[CTL_TEXT];

    if (*m->who)
        return ctl_safe(m->who, text);
    (void)snprintf(name, sizeof(name), "uid %" PRIu32, m->uid);
    return ctl_safe(name, text);
}

/* "10.0.0.1 > 10.0.0.2:80 http"; "*" for what the records do not share. */
static const char *what_of(const struct gad_verdict *v, char text[static CTL_TEXT])
{
    char src[INET6_ADDRSTRLEN] = "*", dst[INET6_ADDRSTRLEN] = "*", port[8] = "";
    int af = v->family == 4 ? AF_INET : AF_INET6;

    if (v->has_src)
        (void)inet_ntop(af, v->src, src, sizeof(src));
    if (v->has_dst)
        (void)inet_ntop(af, v->dst, dst, sizeof(dst));
    if (v->port != 0)
        (void)snprintf(port, sizeof(port), ":%u", v->port);
    (void)snprintf(text, CTL_TEXT, "%s > %s%s%s%s", src, dst, port, v->service >= 0 ? " " : "",
                   v->service >= 0 ? gad_name_text(GAD_SERVICE, v->service) : "");
    return text;
}

static void time_text(struct gad_time t, char text[static GAD_TIME_TEXT])
{
    gad_time_text(t, text);
    text[strcspn(text, ".Z")] = '\0';
}

static void print_row(const struct gad_verdict *v, bool is_first)
{
    char time[GAD_TIME_TEXT], who[CTL_TEXT], what[CTL_TEXT], text[CTL_TEXT];

    if (is_first)
        printf("%-5s  %-19s  %-12s  %-7s  %s\n", "ID", "TIME (UTC)", "WHO", "VERDICT", "WHAT");
    time_text(v->by.time, time);
    printf("%-5" PRIu64 "  %-19s  %-12s  %-7s  ", v->by.id, time, who_of(&v->by, who),
           v->is_true ? "true" : "false");
    printf("%s  %s", ctl_safe(id_of(v), text), what_of(v, what));
    if (*v->comment)
        printf("  \"%s\"", ctl_safe(v->comment, text));
    if (v->undone.id != 0) {
        time_text(v->undone.time, time);
        printf("  [undone %s by %s]", time, who_of(&v->undone, who));
    }
    putchar('\n');
}

static json_t *time_value(struct gad_time t)
{
    char text[GAD_TIME_TEXT];

    gad_time_text(t, text);
    return t.ns > 0 ? json_string(text) : json_null();
}

static json_t *mark_object(const struct gad_verdict_mark *m)
{
    return m->id == 0 ? json_null()
                      : json_pack("{s:o, s:s, s:I}", "time", time_value(m->time), "who", m->who,
                                  "uid", (json_int_t)m->uid);
}

static json_t *address_value(bool is_known, uint8_t family, const uint8_t *address)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (is_known)
        (void)inet_ntop(family == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
    return is_known ? json_string(text) : json_null();
}

static json_t *object_of(const struct gad_verdict *v)
{
    const char *service = v->service >= 0 ? gad_name_text(GAD_SERVICE, v->service) : NULL;

    return json_pack(
        "{s:I, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:i, s:s?, s:s, s:s, s:f, s:o}", "id",
        (json_int_t)v->by.id, "verdict", v->is_true ? "true" : "false", "by", mark_object(&v->by),
        "event", v->event, "incident", v->incident, "comment", v->comment, "first",
        time_value(v->first), "last", time_value(v->last), "src",
        address_value(v->has_src, v->family, v->src), "dst",
        address_value(v->has_dst, v->family, v->dst), "port", (int)v->port, "service", service,
        "nature", gad_nature_name(v->nature), "model", v->model, "score", (double)v->score,
        "undone", mark_object(&v->undone));
}

static int show_list(const struct gad_feedback *f, const struct options *o)
{
    size_t n = gad_feedback_count(f);
    json_t *list = o->json ? json_array() : NULL;
    int code = CLI_OK;

    for (size_t i = 0; i < n; i++) {
        const struct gad_verdict *v = gad_feedback_at(f, i);
        if (list)
            (void)json_array_append_new(list, object_of(v));
        else
            print_row(v, i == 0);
    }
    if (list && json_dumpf(list, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0)
        code = cli_failed(GAD_ENOMEM, NULL);
    if (list)
        putchar('\n');
    else if (n == 0)
        printf("no verdicts\n");
    json_decref(list);
    return code == CLI_OK ? cli_flushed() : code;
}

static void bad_line(void *arg, unsigned line, const char *why)
{
    char text[CTL_TEXT];
    bool *is_bad = arg;

    *is_bad = true;
    cli_say("line %u: %s", line, ctl_safe(why, text));
}

/* Reads lines as a file has them. A damaged one gives CLI_FAILED after all have been shown. */
static int read_lines(const char *text, size_t len, const struct options *o)
{
    gad_cleanup(gad_feedback_freep) struct gad_feedback *f = NULL;
    struct gad_diag d = {""};
    bool is_bad = false;

    int r = gad_feedback_new(&f);
    if (r == 0)
        r = gad_feedback_read(f, text, len, bad_line, &is_bad, &d);
    if (r != 0)
        return cli_failed(r, &d);
    int code = show_list(f, o);
    return code == CLI_OK && is_bad ? CLI_FAILED : code;
}

static int get_lines(struct gad_buf *b)
{
    Ganad__V1__ControlRequest m;
    int code;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__FEEDBACK_LIST;
    gad_buf_add(b, gad_feedback_head, strlen(gad_feedback_head));
    do {
        Ganad__V1__FeedbackReply *r = ask(&m, &code);
        if (!r)
            return code;
        for (size_t i = 0; i < r->n_line; i++)
            gad_buf_printf(b, "%s\n", r->line[i]);
        m.id = r->next > m.id ? r->next : 0;
        ganad__v1__feedback_reply__free_unpacked(r, NULL);
    } while (m.id != 0);
    return CLI_OK;
}

static int list(const struct options *o)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(GAD_FEEDBACK_FILE_MAX);
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    struct gad_diag d = {""};
    size_t len = 0;

    if (!o->file) {
        int code = get_lines(&b);
        if (code != CLI_OK)
            return code;
        return b.bad ? cli_failed(GAD_ENOMEM, NULL) : read_lines((char *)b.p, b.len, o);
    }
    int r = gad_file_read(o->file, GAD_FEEDBACK_FILE_MAX, &text, &len, &d);
    return r != 0 ? cli_failed(r, &d) : read_lines((char *)text, len, o);
}

/* --- undo --- */

static int undo(const char *word)
{
    Ganad__V1__ControlRequest m;
    int code;

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__FEEDBACK_UNDO;
    if (gad_text_u64(word, strlen(word), UINT64_MAX, &m.id) != 0)
        return cli_usage(&command_feedback, "undo '%s': not an id as list shows them", word);
    Ganad__V1__FeedbackReply *r = ask(&m, &code);
    if (!r)
        return code;
    printf("verdict %" PRIu64 " is undone\n", r->id);
    ganad__v1__feedback_reply__free_unpacked(r, NULL);
    return cli_flushed();
}

/* --- a verdict --- */

static int read_from(const char *path, const char *id, struct gad_verdict *v, struct gad_diag *d)
{
    json_t *alert = NULL;
    int r = feedback_alert_read(path, &alert, d);

    if (r == 0)
        r = feedback_alert_facts(alert, v, d);
    json_decref(alert);
    if (r == 0 && strcmp(id, v->event) != 0 && strcmp(id, v->incident) != 0)
        r = gad_fail(d, GAD_EINVAL, "--from: the alert is %s%s%s, not '%s'", v->event,
                     *v->incident ? " of incident " : "", v->incident, id);
    return r;
}

static void show_added(const Ganad__V1__FeedbackReply *r, const struct gad_verdict *v, bool is_true)
{
    char text[CTL_TEXT];

    printf("verdict %" PRIu64 ": %s is %s\n", r->id, ctl_safe(id_of(v), text),
           is_true ? "an attack; its records train and calibrate no model"
                   : "expected; its records stay in the next training");
    if (*r->rule)
        printf("To raise no such alert until then:\nganadctl suppress add '%s'\n",
               ctl_safe(r->rule, text));
    else if (*r->no_rule)
        printf("No rule for ganadctl suppress is proposed: %s\n", ctl_safe(r->no_rule, text));
}

static int add(const char *id, const char *word, const struct options *o)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf facts = GAD_BUF_INIT(GAD_VERDICT_LINE_MAX);
    Ganad__V1__ControlRequest m;
    Ganad__V1__Feedback f;
    struct gad_verdict v = {.by = {.id = 1, .time = gad_time_wall()}};
    struct gad_diag d = {""};
    uint64_t of;
    int code;

    ganad__v1__control_request__init(&m);
    ganad__v1__feedback__init(&f);
    f.is_true = strcmp(word, "true") == 0;
    if (!f.is_true && strcmp(word, "false") != 0)
        return cli_usage(&command_feedback,
                         "'%s': true for an attack, or false for what is "
                         "expected",
                         word);
    int r = o->comment ? gad_verdict_check_comment(o->comment, &d) : 0;
    if (r == 0 && o->from && (r = read_from(o->from, id, &v, &d)) == 0) {
        v.by = (struct gad_verdict_mark){.id = 1, .time = gad_time_wall()};
        gad_verdict_write(&v, &facts);
        facts.len -= !facts.bad; /* the line end */
        gad_buf_add(&facts, "", 1);
        r = facts.bad ? GAD_ENOMEM : 0;
    }
    if (r != 0)
        return cli_failed(r, &d);
    f.of = (char *)(uintptr_t)id;
    f.comment = (char *)(uintptr_t)(o->comment ? o->comment : "");
    f.facts = o->from ? (char *)facts.p : f.facts;
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__FEEDBACK_ADD;
    m.feedback = &f;
    Ganad__V1__FeedbackReply *reply = ask(&m, &code);
    if (!reply)
        return code;
    if (reply->n_line > 0 &&
        gad_verdict_parse(reply->line[0], strlen(reply->line[0]), &v, &of, NULL) == 0)
        show_added(reply, &v, f.is_true);
    ganad__v1__feedback_reply__free_unpacked(reply, NULL);
    return cli_flushed();
}

static int dispatch(int n, char **word, const struct options *o)
{
    bool lists = n == 0 || (n == 1 && strcmp(word[0], "list") == 0);
    bool undoes = n > 0 && strcmp(word[0], "undo") == 0;

    if ((o->comment || o->from) && (lists || undoes))
        return cli_usage(&command_feedback, "--comment and --from are for a verdict");
    if ((o->file || o->json) && !lists)
        return cli_usage(&command_feedback, "--file and --json are for list");
    if (lists)
        return list(o);
    if (n != 2)
        return cli_usage(&command_feedback, "takes 'list', 'undo N', or an event's or incident's "
                                            "id and true or false");
    return undoes ? undo(word[1]) : add(word[0], word[1], o);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"comment", required_argument, NULL, 'c'},
                                          {"from", required_argument, NULL, 'r'},
                                          {"file", required_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
    struct options o = {0};
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "Jc:r:f:", longs, NULL)) != -1) {
        if (c == 'J')
            o.json = true;
        else if (c == 'c')
            o.comment = optarg;
        else if (c == 'r')
            o.from = optarg;
        else if (c == 'f')
            o.file = optarg;
        else if (ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    return dispatch(argc - optind, argv + optind, &o);
}

const struct cli_command command_feedback = {
    .name = "feedback",
    .usage = "[--json] [--file FILE] [--comment TEXT] [--from ALERT] [list | ID true|false | undo "
             "N]",
    .summary = "say whether an alert was an attack or expected traffic",
    .help =
        "  ID true             the alert or incident was an attack: its records never train\n"
        "  ID false            it was expected: its records stay in the next training\n"
        "  list                all verdicts, with who and when\n"
        "  undo N              undo the verdict with this id\n"
        "  -c, --comment TEXT  of a verdict; at most 200 bytes\n"
        "  -r, --from ALERT    of a verdict: file with the alert as an output of format json got "
        "it,\n"
        "                      \"-\" for the standard input, if ganadd does not list it any more\n"
        "  -f, --file FILE     list: of a file of verdicts, without ganadd\n"
        "  -J, --json          list: an array of objects\n",
    .run = run,
};
