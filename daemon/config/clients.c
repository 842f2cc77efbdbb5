/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/clients.h"

#include <stdbool.h>
#include <string.h>

#include "daemon/config/check.h"
#include "daemon/config/config.h"
#include "lib/base/diag.h"

struct one {
    enum client_name_kind kind;
    size_t client, len;
    char text[CLIENT_NAME_LEN]; /* (len), as folded() makes it */
};

struct client_names {
    size_t n;
    struct one at[CONFIG_CLIENTS_MAX * CLIENT_NAMES_EACH];
};

const char *client_name_kind(enum client_name_kind kind)
{
    static const char *const kinds[N_CLIENT_NAME_KINDS] = {"DNS", "email", "URI"};

    return kinds[kind];
}

int client_names_new(struct client_names **ret)
{
    *ret = gad_calloc(1, sizeof(**ret));
    return *ret ? 0 : GAD_ENOMEM;
}

void client_names_free(struct client_names *n)
{
    gad_free(n);
}

/*
 * Host names are compared without regard to case, which are all of a DNS name and an address from
 * the last @ on. The part before it and URIs are compared byte by byte.
 */
static size_t host_at(enum client_name_kind kind, const char *name, size_t len)
{
    size_t at = kind == CLIENT_NAME_DNS ? 0 : len;

    for (size_t i = 0; kind == CLIENT_NAME_EMAIL && i < len; i++)
        if (name[i] == '@')
            at = i;
    return at;
}

static struct one folded(enum client_name_kind kind, const char *name, size_t len)
{
    struct one o = {.kind = kind, .len = len};
    size_t host = host_at(kind, name, len);

    for (size_t i = 0; i < len; i++) {
        bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
        o.text[i] = is_upper && i >= host ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    return o;
}

static const struct one *find(const struct client_names *n, const struct one *o)
{
    for (size_t i = 0; i < n->n; i++)
        if (n->at[i].kind == o->kind && n->at[i].len == o->len &&
            memcmp(n->at[i].text, o->text, o->len) == 0)
            return &n->at[i];
    return NULL;
}

int client_names_find(const struct client_names *n, enum client_name_kind kind, const void *name,
                      size_t len)
{
    if (len == 0 || len > CLIENT_NAME_LEN)
        return -1;
    struct one o = folded(kind, name, len);
    const struct one *known = find(n, &o);
    return known ? (int)known->client : -1;
}

/* Why no certificate can have this name, or NULL. */
static const char *fault_of(enum client_name_kind kind, const char *name, size_t len)
{
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t at = host_at(kind, name, len);

    if (len == 0)
        return "the name is missing";
    if (len > CLIENT_NAME_LEN)
        return "the name is over 255 bytes";
    if (memchr(name, '*', len))
        return "wildcards are not allowed: each client has names of its own";
    if (kind == CLIENT_NAME_URI)
        return memchr(name, ':', len) ? NULL : "a URI begins with a scheme, as in spiffe://";
    if (kind == CLIENT_NAME_EMAIL && (at == 0 || len - at < 2))
        return "an address has a part before the @ and a host after it";
    for (size_t i = kind == CLIENT_NAME_EMAIL ? at + 1 : 0; i < len; i++)
        if (!memchr(host, name[i], sizeof(host) - 1))
            return "a host name has letters, digits, '-', '_' and '.'";
    return name[len - 1] == '.' ? "certificates have host names without a dot at the end" : NULL;
}

static int add_one(struct client_names *n, size_t client, const char *word, size_t len,
                   struct gad_diag *d)
{
    const char *fault = "is not DNS:HOST, email:ADDRESS or URI:URI";
    int shown = len < 300 ? (int)len : 300;

    for (size_t k = 0; k < N_CLIENT_NAME_KINDS; k++) {
        const char *kind = client_name_kind((enum client_name_kind)k);
        size_t head = strlen(kind);
        if (len <= head || strncmp(word, kind, head) != 0 || word[head] != ':')
            continue;
        fault = fault_of((enum client_name_kind)k, word + head + 1, len - head - 1);
        if (fault)
            break;
        struct one o = folded((enum client_name_kind)k, word + head + 1, len - head - 1);
        o.client = client;
        if (find(n, &o))
            return gad_fail(d, GAD_EINVAL, "'%.*s': another [client], or this one, has this name",
                            shown, word);
        n->at[n->n++] = o;
        return 0;
    }
    return gad_fail(d, GAD_EINVAL, "'%.*s': %s", shown, word, fault);
}

int client_names_add(struct client_names *n, size_t client, const char *text, struct gad_diag *d)
{
    size_t each = 0;

    for (const char *p = text; *p;) {
        size_t len = strcspn(p, ", ");
        if (len > 0 && (++each > CLIENT_NAMES_EACH || n->n == sizeof(n->at) / sizeof(n->at[0])))
            return gad_fail(d, GAD_ELIMIT, "more than %d names", CLIENT_NAMES_EACH);
        int r = len > 0 ? add_one(n, client, p, len, d) : 0;
        if (r != 0)
            return r;
        p += len + (p[len] != '\0');
    }
    return each > 0 ? 0 : gad_fail(d, GAD_EINVAL, "has no name");
}

int client_names_of(const struct config *c, struct client_names **ret, struct gad_diag *d)
{
    gad_cleanup(client_names_freep) struct client_names *n = NULL;
    int r = client_names_new(&n);

    if (r != 0)
        return gad_fail(d, r, "%s: no memory", c->file);
    for (size_t i = 0, used = 0; i < c->n_clients; i++) {
        const struct config_client *one = &c->client[i];
        const struct config_value *v = config_value_of(one->value, "client", "names");
        r = config_client_is_used(one) ? client_names_add(n, used++, one->names, d) : 0;
        if (r != 0) {
            gad_diag_prefix(d, "%s:%u: key 'names'", v->file, v->line);
            return r;
        }
    }
    *ret = gad_steal(&n);
    return 0;
}

/* A key without effect is refused, because it would mislead the operator. */
static int check_without_tls(const struct config *c, struct gad_diag *d)
{
    static const char *const keys[] = {"certificate", "key", "ca", "crl"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct config_value *v = config_value_of(c->value, "scoring", keys[i]);
        if (v->file && *v->text)
            return gad_fail(d, GAD_EINVAL, "%s:%u: key '%s': is for tls, which [scoring] lacks",
                            v->file, v->line, keys[i]);
    }
    for (size_t i = 0; i < c->n_clients; i++) {
        const struct config_value *v = config_value_of(c->client[i].value, "client", "names");
        if (config_client_is_used(&c->client[i]))
            return gad_fail(d, GAD_EINVAL, "%s:%u: key 'names': is for tls, which [scoring] lacks",
                            v->file, v->line);
    }
    return 0;
}

static bool has_client(const struct config *c)
{
    for (size_t i = 0; i < c->n_clients; i++)
        if (config_client_is_used(&c->client[i]))
            return true;
    return false;
}

int config_check_clients(const struct config *c, struct gad_diag *d)
{
    gad_cleanup(client_names_freep) struct client_names *n = NULL;
    const struct config_value *v = config_value_of(c->value, "scoring", "tls");

    if (!*c->scoring.tls)
        return check_without_tls(c, d);
    if (!*c->scoring.certificate || !*c->scoring.key || !*c->scoring.ca)
        return gad_fail(d, GAD_EINVAL,
                        "%s:%u: key 'tls': needs certificate, key and ca, the authorities that "
                        "sign the certificates of clients",
                        v->file, v->line);
    if (!has_client(c))
        return gad_fail(
            d, GAD_EINVAL,
            "%s:%u: key 'tls': no [client NAME] section has names, so that every client "
            "would be refused",
            v->file, v->line);
    return client_names_of(c, &n, d);
}
