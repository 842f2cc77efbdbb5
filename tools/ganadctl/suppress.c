/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/suppress.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/suppress/list.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"

/* --- rules --- */

static void time_text(int64_t ns, char text[static GAD_TIME_TEXT])
{
    if (ns == 0) {
        (void)snprintf(text, GAD_TIME_TEXT, "-");
        return;
    }
    gad_time_text((struct gad_time){ns}, text);
    char *dot = strchr(text, '.');
    if (dot)
        memcpy(dot, "Z", 2); /* whole seconds suffice */
}

/* A comment can be in any language; control characters are escaped. */
static void print_rule(const char *s)
{
    for (size_t n; *s; s += n ? n : 1) {
        n = gad_text_printable(s);
        if (n > 0)
            printf("%.*s", (int)n, s);
        else
            printf("\\x%02x", (unsigned char)*s);
    }
    putchar('\n');
}

void suppress_show(struct suppress *s, const Ganad__V1__SuppressReply__Rule *r)
{
    char last[GAD_TIME_TEXT], created[GAD_TIME_TEXT], expires[GAD_TIME_TEXT], hits[SHOW_TEXT];

    time_text(r->last_hit_ns, last);
    time_text(r->created_ns, created);
    time_text(r->expires_ns, expires);
    bool expired = r->expires_ns != 0 && r->expires_ns <= gad_time_wall().ns;
    if (s->json) {
        json_t *o = json_pack("{s:I, s:s, s:s, s:I}", "id", (json_int_t)r->id, "rule", r->rule,
                              "created", created, "hits", (json_int_t)r->hits);
        (void)json_object_set_new(o, "last_hit", r->last_hit_ns ? json_string(last) : json_null());
        (void)json_object_set_new(o, "expires", r->expires_ns ? json_string(expires) : json_null());
        (void)json_object_set_new(o, "expired", json_boolean(expired));
        (void)json_array_append_new(s->list, o);
        return;
    }
    if (s->n++ == 0)
        printf("%s%6s  %12s  %-20s  %-20s  %s%s\n", s->colour ? "\033[1m" : "", "ID", "HITS",
               "LAST HIT", "EXPIRES", "RULE", s->colour ? "\033[0m" : "");
    printf("%6" PRIu64 "  %12s  %-20s  %-20s  ", r->id, show_count(r->hits, hits), last,
           expired ? "expired" : expires); /* the rule has the time, too */
    print_rule(r->rule);
}

int suppress_finish(struct suppress *s)
{
    int err = 0;

    if (s->json) {
        err = json_dumpf(s->list, stdout, JSON_COMPACT);
        putchar('\n');
    }
    return err || fflush(stdout) != 0 ? CLI_FAILED : CLI_OK;
}

/* --- a connection --- */

static bool set_address(const char *text, uint8_t addr[static 16], struct gad_tuple *t, bool *has)
{
    uint8_t family = inet_pton(AF_INET, text, addr) == 1    ? 4
                     : inet_pton(AF_INET6, text, addr) == 1 ? 6
                                                            : 0;
    bool fits = family != 0 && (t->family == 0 || t->family == family);

    t->family = family;
    *has = true;
    return fits;
}

static bool set_port(const char *text, uint16_t *to)
{
    uint64_t v;
    bool ok = gad_text_u64(text, strlen(text), 65535, &v) == 0;
    *to = ok ? (uint16_t)v : 0;
    return ok;
}

static bool set_proto(const char *text, uint8_t *to)
{
    uint64_t v = strcmp(text, "tcp") == 0     ? GAD_IP_TCP
                 : strcmp(text, "udp") == 0   ? GAD_IP_UDP
                 : strcmp(text, "icmp") == 0  ? GAD_IP_ICMP
                 : strcmp(text, "icmp6") == 0 ? GAD_IP_ICMP6
                                              : 0;

    if (v == 0 && gad_text_u64(text, strlen(text), 255, &v) != 0)
        return false;
    *to = (uint8_t)v;
    return true;
}

static bool set_service(const char *text, struct suppress_asked *a)
{
    int number = gad_name_number(GAD_SERVICE, text, strlen(text));

    a->service = text;
    a->rec.v[GAD_SERVICE] = number;
    return number != GAD_NAME_UNKNOWN;
}

static bool set_field(char *word, struct suppress_asked *a)
{
    struct gad_tuple *t = &a->rec.tuple;
    char *value = strchr(word, '=');

    if (!value)
        return false;
    *value++ = '\0';
    if (strcmp(word, "src") == 0)
        return set_address(value, t->src, t, &a->has_src);
    if (strcmp(word, "dst") == 0)
        return set_address(value, t->dst, t, &a->has_dst);
    if (strcmp(word, "sport") == 0)
        return set_port(value, &t->src_port);
    if (strcmp(word, "dport") == 0)
        return set_port(value, &t->dst_port);
    if (strcmp(word, "proto") == 0)
        return set_proto(value, &t->proto);
    if (strcmp(word, "score") == 0)
        return gad_text_real(value, strlen(value), &a->score) == 0;
    if (strcmp(word, "service") == 0)
        return set_service(value, a);
    a->model = value;
    return strcmp(word, "model") == 0;
}

/* @value: NULL if the word has no '='. */
static int not_asked(const char *key, const char *value)
{
    static const char *const keys[] = {"src",   "dst",     "sport", "dport",
                                       "proto", "service", "model", "score"};
    enum { N = sizeof(keys) / sizeof(keys[0]) };
    char hint[CLI_HINT] = "";
    bool is_key = false;

    for (int i = 0; i < N; i++)
        is_key = is_key || strcmp(key, keys[i]) == 0; /* the value is wrong */
    if (value && !is_key)
        (void)cli_hint(key, keys, N, hint);
    return cli_usage(
        &command_suppress,
        "test '%s%s%s': not one of src, dst (addresses of one kind), sport, dport, proto, "
        "service, model and score, each KEY=VALUE%s",
        key, value ? "=" : "", value ? value : "", hint);
}

int suppress_asked_parse(int n, char **word, struct suppress_asked *ret)
{
    struct gad_tuple *t = &ret->rec.tuple;

    *ret = (struct suppress_asked){.service = "", .model = ""};
    ret->rec.v[GAD_SERVICE] = GAD_NAME_UNKNOWN;
    if (n == 0)
        return cli_usage(&command_suppress,
                         "test needs a connection, such as src=192.0.2.4 dport=80");
    for (int i = 0; i < n; i++) {
        char *value = strchr(word[i], '=');
        if (!set_field(word[i], ret))
            return not_asked(word[i], value ? value + 1 : NULL);
    }
    if (t->family == 0 && (t->src_port != 0 || t->dst_port != 0 || t->proto != 0))
        t->family = 4; /* as ganadd does */
    return CLI_OK;
}

/* --- without ganadd: a file of rules, such as one that ganadd refuses, and a rule to check --- */

static void show_rule(struct suppress *s, const struct gad_suppressed *one)
{
    Ganad__V1__SuppressReply__Rule r;
    struct gad_buf text = GAD_BUF_INIT(GAD_RULE_TEXT + 1);

    gad_rule_write(&one->rule, &text);
    gad_buf_add(&text, "", 1);
    ganad__v1__suppress_reply__rule__init(&r);
    r.id = one->id;
    r.rule = text.bad ? r.rule : (char *)text.p;
    r.created_ns = one->created.ns;
    r.hits = one->hits;
    r.last_hit_ns = one->last_hit.ns;
    r.expires_ns = one->rule.expires.ns;
    suppress_show(s, &r);
    gad_buf_deinit(&text);
}

static int load(const struct suppress *s, struct gad_suppress **ret)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    gad_cleanup(gad_suppress_freep) struct gad_suppress *list = NULL;
    struct gad_diag d = {"no memory"};
    size_t len;

    int r = gad_suppress_new(&list);
    r = r ? r : gad_file_read(s->file, GAD_SUPPRESS_FILE_MAX, &text, &len, &d);
    if (r == 0) {
        r = gad_suppress_read(list, (const char *)text, len, &d);
        gad_diag_prefix(&d, "%s", s->file);
    }
    if (r != 0)
        return cli_failed(r, &d);
    *ret = gad_steal(&list);
    return CLI_OK;
}

int suppress_file_list(struct suppress *s)
{
    gad_cleanup(gad_suppress_freep) struct gad_suppress *list = NULL;
    const struct gad_suppressed *one;

    int code = load(s, &list);
    if (code != CLI_OK)
        return code;
    for (uint64_t from = 1; (one = gad_suppress_from(list, from)) != NULL; from = one->id + 1)
        show_rule(s, one);
    return CLI_OK;
}

int suppress_file_test(struct suppress *s, const struct suppress_asked *a)
{
    gad_cleanup(gad_suppress_freep) struct gad_suppress *list = NULL;
    gad_cleanup(gad_freep) uint64_t *id = gad_calloc(GAD_SUPPRESS_MAX, sizeof(*id));

    int code = load(s, &list);
    if (code != CLI_OK)
        return code;
    if (!id) {
        return cli_failed(GAD_ENOMEM, NULL);
    }
    size_t n = gad_suppress_test(list, &a->rec, a->model, (float)a->score, gad_time_wall(), id,
                                 GAD_SUPPRESS_MAX);
    for (size_t i = 0; i < n; i++)
        show_rule(s, gad_suppress_from(list, id[i]));
    if (n == 0 && !s->json)
        printf("no rule matches: it would raise an alert\n");
    return suppress_finish(s);
}

int suppress_file_check(struct suppress *s, const char *rule)
{
    struct gad_suppressed one = {.created = gad_time_wall()};
    struct gad_buf text = GAD_BUF_INIT(GAD_RULE_TEXT + 1);
    struct gad_diag d = {""};

    int err = gad_rule_parse(rule, strlen(rule), one.created, &one.rule, &d);
    if (err != 0)
        return cli_failed(err, &d);
    if (s->json) {
        show_rule(s, &one);
    } else {
        gad_rule_write(&one.rule, &text);
        printf("%.*s\n", (int)text.len, (const char *)text.p);
        gad_buf_deinit(&text);
    }
    return suppress_finish(s);
}
