/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/check.h"

#include <math.h>
#include <net/if.h>
#include <string.h>
#include <sys/un.h>

#include "daemon/config/apart.h"
#include "daemon/config/clients.h"
#include "daemon/config/config.h"
#include "daemon/config/keys.h"
#include "daemon/config/networks.h"
#include "lib/base/diag.h"
#include "lib/event/event.h"
#include "lib/event/format.h"
#include "lib/net/decode.h"
#include "lib/net/source.h"
#include "lib/record/service.h"
#include "lib/spool/spool.h"
#include "lib/wire/socket.h"

const struct config_value *config_value_of(const struct config_value *value, const char *section,
                                           const char *key)
{
    for (size_t i = 0; i < config_n_keys; i++)
        if (strcmp(config_keys[i].section, section) == 0 && strcmp(config_keys[i].name, key) == 0)
            return &value[i];
    gad_assert(false);
}

size_t config_n_captures_used(const struct config *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_captures; i++)
        n += config_capture_is_used(&c->capture[i]);
    return n;
}

bool config_is_live(const struct config *c)
{
    for (size_t i = 0; i < c->n_captures; i++)
        if (*c->capture[i].interface != '\0')
            return true;
    return false;
}

/* Checks the roles of the models: the networks are valid, and at least one model is no shadow. */
static int check_roles(const struct config *c, struct gad_diag *d)
{
    size_t n_shadows = 0;

    for (size_t i = 0; i < c->n_models; i++) {
        const struct config_model *m = &c->model[i];
        const struct config_value *v = config_value_of(m->value, "model", "networks");
        gad_cleanup(networks_freep) struct networks *networks = NULL;
        int r = networks_new(m->networks, &networks, d);
        if (r != 0) {
            gad_diag_prefix(d, "%s:%u: key 'networks'", v->file, v->line);
            return r;
        }
        v = config_value_of(m->value, "model", "shadow");
        n_shadows += m->shadow;
        if (n_shadows > CONFIG_SHADOWS_MAX)
            return gad_fail(d, GAD_EINVAL, "%s:%u: key 'shadow': at most %d shadows are allowed",
                            v->file, v->line, CONFIG_SHADOWS_MAX);
        if (n_shadows == c->n_models)
            return gad_fail(d, GAD_EINVAL,
                            "%s:%u: key 'shadow': there is no other model for it to shadow",
                            v->file, v->line);
    }
    return 0;
}

/* Metrics reveal the traffic, so other machines reach them only if the configuration says so. */
static int check_metrics(const struct config *c, struct gad_diag *d)
{
    const char *tcp = c->metrics.tcp;
    bool is_local = strncmp(tcp, "127.", 4) == 0 || strncmp(tcp, "[::1]:", 6) == 0 ||
                    strncmp(tcp, "localhost:", 10) == 0;

    const struct config_value *v = config_value_of(c->value, "metrics", "tcp");
    if (*tcp && *c->metrics.unix_path)
        return gad_fail(d, GAD_EINVAL, "%s:%u: key 'tcp': [metrics] also has unix: use one of them",
                        v->file, v->line);
    if (*tcp && !is_local && !c->metrics.open)
        return gad_fail(d, GAD_EINVAL,
                        "%s:%u: key 'tcp': other machines can reach '%s', without encryption or "
                        "authentication: use 127.0.0.1, or set open = yes",
                        v->file, v->line, tcp);
    return 0;
}

static int check_models(const struct config *c, struct gad_diag *d)
{
    if (c->n_models == 0)
        return gad_fail(d, GAD_EINVAL, "%s: no [model NAME] section: nothing to score with",
                        c->file);
    for (size_t i = 0; i < c->n_models; i++) {
        const struct config_model *m = &c->model[i];
        const struct config_value *budget = config_value_of(m->value, "model", "fpr_budget");
        const struct config_value *threshold = config_value_of(m->value, "model", "threshold");
        if (!m->checkpoint)
            return gad_fail(d, GAD_EINVAL, "%s: section 'model %s': key 'checkpoint' is missing",
                            c->file, m->name);
        if (budget->file && !isnan(m->threshold) && strcmp(budget->file, threshold->file) == 0)
            return gad_fail(d, GAD_EINVAL,
                            "%s:%u: key 'threshold': replaces fpr_budget, which line %u sets",
                            threshold->file, threshold->line, budget->line);
    }
    return check_roles(c, d);
}

/* Returns @r; an error names the place of a key of the capture. */
static int at_key(const struct config_capture *p, const char *key, int r, struct gad_diag *d)
{
    const struct config_value *v = config_value_of(p->value, "capture", key);

    if (r != 0)
        gad_diag_prefix(d, "%s:%u: key '%s'", v->file, v->line, key);
    return r;
}

static int check_tunnels(const struct config_capture *p, struct gad_diag *d)
{
    struct gad_tunnel_ports ports;
    unsigned kinds;

    int r = at_key(p, "tunnel_kinds", gad_tunnel_kinds(p->tunnel_kinds, &kinds, d), d);
    if (r == 0)
        r = at_key(p, "vxlan_ports", gad_tunnel_ports(p->vxlan_ports, &ports, d), d);
    if (r == 0)
        r = at_key(p, "geneve_ports", gad_tunnel_ports(p->geneve_ports, &ports, d), d);
    if (r == 0)
        r = at_key(p, "gtp_ports", gad_tunnel_ports(p->gtp_ports, &ports, d), d);
    return r;
}

/*
 * Captures of files, including directories, run in their own time, interfaces in the present: they
 * cannot be ordered together.
 */
/* The link type is known only when the interface is opened; the filter is then checked again. */
static int check_filter(const struct config_capture *p, struct gad_diag *d)
{
    return at_key(p, "filter", gad_source_check_filter(p->filter, d), d);
}

/*
 * A name that no Linux interface can have would be waited for in vain; names with a colon belong to
 * libpcap.
 */
static int check_interface(const struct config_capture *p, struct gad_diag *d)
{
    const struct config_value *v = config_value_of(p->value, "capture", "interface");
    bool is_possible = strlen(p->interface) < IF_NAMESIZE && !strpbrk(p->interface, "/ ");

    if (is_possible || strchr(p->interface, ':'))
        return 0;
    return gad_fail(d, GAD_EINVAL,
                    "%s:%u: key 'interface': '%s': the name of an interface has at most %d bytes, "
                    "without '/' and spaces",
                    v->file, v->line, p->interface, IF_NAMESIZE - 1);
}

static int check_captures(const struct config *c, struct gad_diag *d)
{
    size_t n_live = 0;

    for (size_t i = 0; i < c->n_captures; i++) {
        const struct config_capture *p = &c->capture[i];
        if ((*p->interface != '\0') + (*p->file != '\0') + (*p->directory != '\0') > 1)
            return gad_fail(d, GAD_EINVAL,
                            "%s: section 'capture %s': has more than one of interface, file and "
                            "directory",
                            c->file, p->name);
        n_live += *p->interface != '\0';
        int r = check_interface(p, d);
        if (r == 0)
            r = check_filter(p, d);
        if (r == 0)
            r = check_tunnels(p, d);
        if (r != 0)
            return r;
    }
    if (n_live > 0 && n_live < config_n_captures_used(c))
        return gad_fail(
            d, GAD_EINVAL,
            "%s: the [capture NAME] sections must be either all interfaces or all files "
            "and directories",
            c->file);
    return 0;
}

static int check_services(const struct config *c, struct gad_diag *d)
{
    gad_cleanup(gad_services_freep) struct gad_services *s = NULL;
    const struct config_value *v = config_value_of(c->value, "records", "services");

    if (!*c->records.services)
        return 0;
    int r = gad_services_new(&s);
    if (r != 0)
        return gad_fail(d, r, "%s: no memory", c->file);
    r = gad_services_map(s, c->records.services, d);
    if (r != 0)
        gad_diag_prefix(d, "%s:%u: key 'services'", v->file, v->line);
    return r;
}

static int check_learning(const struct config *c, struct gad_diag *d)
{
    const struct config_value *v = config_value_of(c->value, "learning", "mode");

    if (strcmp(c->learning.mode, "off") == 0 || *c->learning.directory)
        return 0;
    return gad_fail(d, GAD_EINVAL, "%s:%u: key 'mode': needs a directory in [learning]", v->file,
                    v->line);
}

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, list[i]) == 0)
            return true;
    return false;
}

/* Which keys a type of output needs, and which have no meaning with it. */
/* A key without effect is refused, because it would mislead the operator. */
static int check_tls_keys(const struct config_output *o, struct gad_diag *d)
{
    static const char *const keys[] = {"ca", "server_name", "certificate", "key"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && strcmp(o->type, "tls") != 0; i++) {
        const struct config_value *v = config_value_of(o->value, "output", keys[i]);
        if (v->file && *v->text)
            return gad_fail(d, GAD_EINVAL, "%s:%u: key '%s': is for type tls, but the type is %s",
                            v->file, v->line, keys[i], o->type);
    }
    return 0;
}

/* The address of an output has to be one to which a client can connect. */
static const char *check_port(const struct config_output *o)
{
    if (gad_socket_check(o->to, NULL) != 0)
        return "key 'to': is not HOST:PORT with a port from 1 to 65535, as in siem.example:6514 or "
               "[2001:db8::1]:6514";
    const char *port = strrchr(o->to, ':') + 1;
    return strspn(port, "0") == strlen(port) ? "key 'to': port 0 cannot be connected to" : NULL;
}

static int check_output(const struct config *c, const struct config_output *o, struct gad_diag *d)
{
    static const char *const by_address[] = {"tcp", "tls", "udp"};
    static const char *const by_path[] = {"file", "unix", "unix-dgram"};
    static const char *const datagrams[] = {"unix-dgram", "udp", "journal"};
    const struct gad_format *format = o->type ? gad_format_find(o->format) : NULL;
    const char *fault = NULL;

    if (!o->type)
        fault = "key 'type' is missing";
    else if (is_one_of(o->type, by_address, 3) && !strrchr(o->to, ':'))
        fault = "key 'to': needs HOST:PORT";
    else if (is_one_of(o->type, by_path, 3) && o->to[0] != '/')
        fault = "key 'to': needs an absolute path";
    else if (strcmp(o->type, "file") != 0 && is_one_of(o->type, by_path, 3) &&
             strlen(o->to) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        fault = "key 'to': the path of a socket has at most 107 bytes";
    else if (strcmp(o->type, "stdout") == 0 && *o->to)
        fault = "key 'to': must be empty for type stdout";
    else if ((strcmp(o->type, "journal") == 0) != (strcmp(o->format, "journal") == 0))
        fault = "type journal requires format journal, and the reverse";
    else if (!format)
        fault = "key 'format': is not built in";
    else if (strcmp(o->framing, "octets") == 0 && is_one_of(o->type, datagrams, 3))
        fault = "key 'framing': each datagram is one event and needs no framing";
    else if ((*o->certificate != '\0') != (*o->key != '\0'))
        fault = "'certificate' and 'key' have to be set together";
    if (!fault && is_one_of(o->type, by_address, 3))
        fault = check_port(o);
    if (!fault)
        return check_tls_keys(o, d);
    const struct config_value *v = config_value_of(o->value, "output", "type");
    if (v->file)
        return gad_fail(d, GAD_EINVAL, "%s:%u: section 'output %s': %s", v->file, v->line, o->name,
                        fault);
    return gad_fail(d, GAD_EINVAL, "%s: section 'output %s': %s", c->file, o->name, fault);
}

static int check_outputs(const struct config *c, struct gad_diag *d)
{
    for (size_t i = 0; i < c->n_outputs; i++) {
        const struct config_output *o = &c->output[i];
        const struct config_value *v = config_value_of(o->value, "output", "events");
        unsigned kinds;
        int r = check_output(c, o, d);
        if (r != 0)
            return r;
        r = config_event_kinds(o->events, &kinds, d);
        if (r != 0) {
            gad_diag_prefix(d, "%s:%u: key 'events'", v->file, v->line);
            return r;
        }
    }
    if (c->spool.segment > c->spool.quota / 2)
        return gad_fail(d, GAD_EINVAL, "%s: [spool] segment is more than half of quota", c->file);
    if (c->spool.quota / c->spool.segment > GAD_SPOOL_SEGMENTS / 2)
        return gad_fail(d, GAD_EINVAL,
                        "%s: [spool] quota is more than %d files of segment bytes: raise "
                        "segment, up to %dM",
                        c->file, GAD_SPOOL_SEGMENTS / 2, GAD_SPOOL_SEGMENT_MAX >> 20);
    return 0;
}

int config_event_kinds(const char *text, unsigned *ret, struct gad_diag *d)
{
    unsigned kinds = 0;

    for (const char *p = text; *p;) {
        size_t len = strcspn(p, ", "), k;
        for (k = 1; len > 0 && k < GAD_N_EVENTS; k++) {
            const char *name = gad_event_kind_name((enum gad_event_kind)k);
            if (strlen(name) == len && memcmp(p, name, len) == 0)
                break;
        }
        if (len > 0 && k == GAD_N_EVENTS)
            return gad_fail(d, GAD_EINVAL,
                            "'%.*s' is not one of alert, heartbeat, stats, loss, model, blind and "
                            "limit",
                            (int)len, p);
        kinds |= len > 0 ? 1U << k : 0;
        p += len + (p[len] != '\0');
    }
    if (kinds == 0)
        return gad_fail(d, GAD_EINVAL, "names no event kind");
    *ret = kinds;
    return 0;
}

int config_check(const struct config *c, struct gad_diag *d)
{
    int r = check_models(c, d);
    if (r == 0)
        r = check_metrics(c, d);
    if (r == 0)
        r = check_captures(c, d);
    if (r == 0)
        r = check_services(c, d);
    if (r == 0)
        r = check_learning(c, d);
    if (r == 0)
        r = check_outputs(c, d);
    if (r == 0)
        r = config_check_clients(c, d);
    if (r != 0)
        return r;
    if (strcmp(c->scoring.unix_path, c->control.unix_path) == 0 && *c->control.unix_path)
        return gad_fail(d, GAD_EINVAL, "%s: [scoring] and [control] have the same unix socket '%s'",
                        c->file, c->control.unix_path);
    return 0;
}

int config_check_input(const struct config *c, struct gad_diag *d)
{
    if (!*c->scoring.unix_path && !*c->scoring.tcp && !*c->scoring.tls &&
        config_n_captures_used(c) == 0)
        return gad_fail(
            d, GAD_EINVAL,
            "%s: [scoring] has neither unix, tcp nor tls, and no capture is configured: nothing "
            "can be scored",
            c->file);
    return config_check_apart(c, d);
}
