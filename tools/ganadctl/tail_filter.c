/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/tail_filter.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"

int tail_filter_host(struct tail_filter *f, const char *text, struct gad_diag *d)
{
    int err = gad_network_parse(text, &f->host);

    if (err == GAD_EINVAL)
        return gad_fail(d, err, "--host '%s': has bits behind its prefix, as in 10.0.0.1/8", text);
    if (err != 0)
        return gad_fail(d, err,
                        "--host '%s': an address or a network, such as 192.0.2.7, 10.0.0.0/8 or "
                        "2001:db8::/32",
                        text);
    return 0;
}

int tail_filter_severity(struct tail_filter *f, const char *name, struct gad_diag *d)
{
    static const char *const names[] = {"high", "medium", "low"};

    for (int i = 0; i < 3; i++)
        if (strcmp(name, names[i]) == 0) {
            f->severity = i + 1;
            return 0;
        }
    return gad_fail(d, GAD_EINVAL, "--severity '%s': low, medium or high", name);
}

/* Notes the model's checkpoints; false: neither the configuration nor an alert has a model of that name. */
static bool find(struct tail_filter *f, const Ganad__V1__StatusReply *s)
{
    bool is_alert_name = false;

    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        if (strcmp(m->name, f->model) == 0) {
            (void)snprintf(f->sha256[0], sizeof(f->sha256[0]), "%s", m->sha256);
            (void)snprintf(f->sha256[1], sizeof(f->sha256[1]), "%s", m->previous_sha256);
            return true;
        }
        is_alert_name = is_alert_name || strcmp(m->alert_name, f->model) == 0;
    }
    return is_alert_name;
}

int tail_filter_model(struct tail_filter *f, const struct ctl *ctl)
{
    Ganad__V1__StatusReply *s = NULL;
    char list[STATUS_MODELS];

    int code = status_get(ctl, &s);
    if (code != CTL_OK)
        return code;
    if (!find(f, s)) {
        status_models(s, list);
        code = ctl_usage(&ctl_tail, "--model '%s': ganadd has no such model; it has %s", f->model,
                         list);
    }
    ganad__v1__status_reply__free_unpacked(s, NULL);
    return code;
}

void tail_filter_model_changed(struct tail_filter *f, const struct ctl *ctl)
{
    Ganad__V1__StatusReply *s = NULL;
    struct gad_diag d = {""};
    bool reached;

    if (!*f->sha256[0] ||
        status_ask(ctl, GANAD__V1__CONTROL_REQUEST__COMMAND__STATUS, &s, &reached, &d) != 0)
        return;
    (void)find(f, s);
    ganad__v1__status_reply__free_unpacked(s, NULL);
}

static bool has_text(const json_t *o, const char *key, const char *want)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s && strcmp(s, want) == 0;
}

static bool is_in(const struct gad_network *n, const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    struct gad_network one;

    return text && gad_network_parse(text, &one) == 0 && gad_network_holds(n, one.family, one.addr);
}

static bool is_model(const struct tail_filter *f, const json_t *event)
{
    if (!*f->sha256[0])
        return has_text(event, "model", f->model);
    return has_text(event, "model_sha256", f->sha256[0]) ||
           has_text(event, "model_sha256", f->sha256[1]);
}

bool tail_filter_wants(const struct tail_filter *f, const json_t *event)
{
    const json_t *severity = json_object_get(event, "severity");

    if (has_text(event, "event_type", "heartbeat") || has_text(event, "event_type", "stats"))
        return f->all;
    if (!has_text(event, "event_type", "alert"))
        return true;
    return (!json_is_integer(severity) || json_integer_value(severity) <= f->severity) &&
           (!f->model || is_model(f, event)) &&
           (f->host.family == 0 || is_in(&f->host, event, "src_ip") ||
            is_in(&f->host, event, "dest_ip"));
}
