/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/flow/ports.h"
#include "lib/record/column.h"

enum {
    N_PORTS = 65536,
    FIRST_OTHER = 1024, /* first port that is `other` if it has no name */
    X11_FIRST = 6000,
    X11_LAST = 6063, /* 64 displays */
    NAMES_MAX = 127, /* of the column; a number fits uint8_t */
    WORD_MAX = 63,   /* bytes of a part of a mapping; longer ones are shown truncated */
};

enum transport { TCP, UDP, N_TRANSPORTS };

struct gad_services {
    uint8_t of_port[N_TRANSPORTS][N_PORTS]; /* 128 KiB: one lookup for any port */
    struct gad_ports ports;
};

struct named_port {
    uint16_t port;
    const char *name;
};

/* harvest and pm_dump are names of KDD99 too; the data do not show their ports. */
static const struct named_port tcp_ports[] = {
    {7, "echo"},         {9, "discard"},       {11, "systat"},       {13, "daytime"},
    {15, "netstat"},     {20, "ftp_data"},     {21, "ftp"},          {22, "ssh"},
    {23, "telnet"},      {25, "smtp"},         {37, "time"},         {42, "name"},
    {43, "whois"},       {53, "domain"},       {57, "mtp"},          {70, "gopher"},
    {71, "remote_job"},  {77, "rje"},          {79, "finger"},       {80, "http"},
    {84, "ctf"},         {87, "link"},         {95, "supdup"},       {101, "hostnames"},
    {102, "iso_tsap"},   {105, "csnet_ns"},    {109, "pop_2"},       {110, "pop_3"},
    {111, "sunrpc"},     {113, "auth"},        {117, "uucp_path"},   {119, "nntp"},
    {137, "netbios_ns"}, {138, "netbios_dgm"}, {139, "netbios_ssn"}, {143, "imap4"},
    {150, "sql_net"},    {175, "vmnet"},       {179, "bgp"},         {210, "Z39_50"},
    {389, "ldap"},       {433, "nnsp"},        {443, "http_443"},    {512, "exec"},
    {513, "login"},      {514, "shell"},       {515, "printer"},     {520, "efs"},
    {530, "courier"},    {540, "uucp"},        {543, "klogin"},      {544, "kshell"},
    {2784, "http_2784"}, {5190, "aol"},        {6000, "X11"},        {6667, "IRC"},
    {8001, "http_8001"},
};

static const struct named_port udp_ports[] = {{53, "domain_u"}, {69, "tftp_u"}, {123, "ntp_u"}};

/* What services are inspected as; all others as text. */
static const struct {
    const char *name;
    enum gad_app app;
} apps[] = {
    {"ftp_data", GAD_APP_FTP_DATA}, {"ftp", GAD_APP_FTP},      {"telnet", GAD_APP_TELNET},
    {"smtp", GAD_APP_SMTP},         {"time", GAD_APP_NONE}, /* the server sends binary data */
    {"finger", GAD_APP_FINGER},     {"http", GAD_APP_HTTP},    {"http_2784", GAD_APP_HTTP},
    {"http_8001", GAD_APP_HTTP},    {"pop_3", GAD_APP_POP3},   {"auth", GAD_APP_AUTH},
    {"imap4", GAD_APP_IMAP},        {"login", GAD_APP_RLOGIN}, {"shell", GAD_APP_RSH},
    {"IRC", GAD_APP_IRC},           {"ssh", GAD_APP_SSH},
};

/* Ports without a name in KDD99 whose logins are read. */
static const struct {
    uint16_t port;
    enum gad_app app;
} unnamed_apps[] = {{587, GAD_APP_SMTP}, {5432, GAD_APP_POSTGRESQL}, {6379, GAD_APP_REDIS}};

#define LEN(list) (sizeof(list) / sizeof((list)[0]))

static int number_of(const char *name)
{
    return gad_name_number(GAD_SERVICE, name, strlen(name));
}

static enum gad_app app_of(uint8_t name)
{
    const char *text = gad_name_text(GAD_SERVICE, name);

    for (size_t i = 0; i < LEN(apps); i++)
        if (strcmp(apps[i].name, text) == 0)
            return apps[i].app;
    return GAD_APP_TEXT;
}

/* A range of ports that has one name. */
struct mapping {
    enum transport transport;
    uint16_t first, last;
    uint8_t name;
};

static void set(struct gad_services *s, const struct mapping *m)
{
    bool named = m->name != number_of("private") && m->name != number_of("other");

    memset(&s->of_port[m->transport][m->first], m->name, (size_t)m->last - m->first + 1);
    gad_ports_set(&s->ports, m->transport == UDP ? GAD_IP_UDP : GAD_IP_TCP, m->first, m->last,
                  named, app_of(m->name));
}

static void set_ports(struct gad_services *s, enum transport t, const struct named_port *p,
                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct mapping m = {t, p[i].port, p[i].port, (uint8_t)number_of(p[i].name)};
        set(s, &m);
    }
}

int gad_services_new(struct gad_services **ret)
{
    struct gad_services *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return GAD_ENOMEM;
    gad_assert(gad_columns[GAD_SERVICE].n_names <= NAMES_MAX);
    for (size_t t = 0; t < N_TRANSPORTS; t++) {
        memset(s->of_port[t], number_of("private"), FIRST_OTHER);
        memset(s->of_port[t] + FIRST_OTHER, number_of("other"), N_PORTS - FIRST_OTHER);
    }
    gad_ports_init(&s->ports);
    set_ports(s, TCP, tcp_ports, LEN(tcp_ports));
    set_ports(s, UDP, udp_ports, LEN(udp_ports));
    for (size_t i = 0; i < LEN(unnamed_apps); i++)
        gad_ports_set(&s->ports, GAD_IP_TCP, unnamed_apps[i].port, unnamed_apps[i].port, false,
                      unnamed_apps[i].app);
    set(s, &(struct mapping){TCP, X11_FIRST, X11_LAST, (uint8_t)number_of("X11")});
    *ret = s;
    return 0;
}

void gad_services_free(struct gad_services *s)
{
    gad_free(s);
}

/* A part of a mapping, without surrounding blanks. */
struct word {
    const char *p;
    size_t len;
};

static struct word trim(const char *p, size_t len)
{
    while (len > 0 && (*p == ' ' || *p == '\t')) {
        p++;
        len--;
    }
    while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
        len--;
    return (struct word){p, len};
}

/* Splits at the first c; false: c does not occur. */
static bool cut(struct word w, char c, struct word *ret_left, struct word *ret_right)
{
    const char *at = w.len ? memchr(w.p, c, w.len) : NULL;

    if (!at)
        return false;
    *ret_left = trim(w.p, (size_t)(at - w.p));
    *ret_right = trim(at + 1, w.len - (size_t)(at + 1 - w.p));
    return true;
}

static bool word_is(struct word w, const char *s)
{
    return w.len == strlen(s) && memcmp(w.p, s, w.len) == 0;
}

struct shown {
    char text[WORD_MAX + 1];
};

static struct shown show(struct word w)
{
    struct shown t;
    gad_text_escape(t.text, sizeof(t.text), w.p, w.len);
    return t;
}

static int read_port(struct word w, uint16_t *ret, struct gad_diag *d)
{
    uint64_t v = 0;
    int r = gad_text_u64(w.p, w.len, N_PORTS - 1, &v);

    if (r != 0)
        return gad_fail(d, r, "'%s' is not a port: a number from 0 to 65535", show(w).text);
    *ret = (uint16_t)v;
    return 0;
}

static int read_name(struct word w, uint8_t *ret, struct gad_diag *d)
{
    const struct gad_column_info *col = &gad_columns[GAD_SERVICE];
    int n = gad_name_number(GAD_SERVICE, w.p, w.len);

    if (n == GAD_NAME_UNKNOWN) {
        int near = gad_text_nearest(show(w).text, col->names, col->n_names);
        return gad_fail(d, GAD_EUNKNOWN, "'%s' is not a service of KDD99%s%s%s", show(w).text,
                        near < 0 ? "" : "; did you mean '", near < 0 ? "" : col->names[near],
                        near < 0 ? "" : "'?");
    }
    *ret = (uint8_t)n;
    return 0;
}

/* PROTOCOL/PORT[-PORT] = NAME */
static int read_mapping(struct word w, struct mapping *ret, struct gad_diag *d)
{
    struct word where, name, protocol, ports, first, last;
    struct mapping m = {0};
    int r;

    if (!cut(w, '=', &where, &name) || !cut(where, '/', &protocol, &ports))
        return gad_fail(d, GAD_EFORMAT, "'%s' is not of the form tcp/8080 = http", show(w).text);
    m.transport = word_is(protocol, "udp") ? UDP : TCP;
    if (m.transport == TCP && !word_is(protocol, "tcp"))
        return gad_fail(d, GAD_EFORMAT, "'%s': protocol '%s' is neither tcp nor udp", show(w).text,
                        show(protocol).text);
    if (!cut(ports, '-', &first, &last))
        first = last = ports;
    r = read_port(first, &m.first, d);
    if (r == 0)
        r = read_port(last, &m.last, d);
    if (r == 0)
        r = read_name(name, &m.name, d);
    if (r == 0 && m.first > m.last)
        r = gad_fail(d, GAD_EFORMAT, "the range of ports ends before it begins");
    if (r != 0) {
        gad_diag_prefix(d, "'%s'", show(w).text);
        return r;
    }
    *ret = m;
    return 0;
}

/* All mappings are checked before the first is applied. */
static int for_each_mapping(struct gad_services *s, const char *text, bool apply,
                            struct gad_diag *d)
{
    struct word left = trim(text, strlen(text)), one;
    bool more = true;

    while (more) {
        struct word rest = {"", 0};
        struct mapping m = {0};
        more = cut(left, ',', &one, &rest);
        int r = read_mapping(more ? one : left, &m, d);
        if (r != 0)
            return r;
        if (apply)
            set(s, &m);
        left = rest;
    }
    return 0;
}

int gad_services_map(struct gad_services *s, const char *text, struct gad_diag *d)
{
    int r = for_each_mapping(s, text, false, d);
    return r != 0 ? r : for_each_mapping(s, text, true, NULL);
}

const struct gad_ports *gad_services_ports(const struct gad_services *s)
{
    return &s->ports;
}

/* RFC 792. */
static const char *icmp_name(uint8_t type, uint8_t code)
{
    switch (type) {
    case 0:
        return "ecr_i";
    case 8:
        return "eco_i";
    case 3:
        return code == 3 ? "urp_i" : code == 1 ? "urh_i" : "oth_i";
    case 5:
        return "red_i";
    case 11:
        return "tim_i";
    default:
        return "oth_i";
    }
}

/* RFC 4443, 4861. */
static const char *icmp6_name(uint8_t type, uint8_t code)
{
    switch (type) {
    case 128:
        return "eco_i";
    case 129:
        return "ecr_i";
    case 1:
        return code == 4 ? "urp_i" : code == 3 ? "urh_i" : "oth_i";
    case 3:
        return "tim_i";
    case 137:
        return "red_i";
    default:
        return "oth_i";
    }
}

int gad_services_of(const struct gad_services *s, const struct gad_tuple *t, uint8_t icmp_type,
                    uint8_t icmp_code)
{
    if (t->proto == GAD_IP_ICMP)
        return number_of(icmp_name(icmp_type, icmp_code));
    if (t->proto == GAD_IP_ICMP6)
        return number_of(icmp6_name(icmp_type, icmp_code));

    bool udp = t->proto == GAD_IP_UDP;
    return s->of_port[udp ? UDP : TCP][t->dst_port];
}

int gad_services_found(enum gad_found found)
{
    static const char *const name[GAD_N_FOUND] = {
        [GAD_FOUND_FTP_DATA] = "ftp_data", [GAD_FOUND_HTTP] = "http", [GAD_FOUND_SSH] = "ssh",
        [GAD_FOUND_SMTP] = "smtp",         [GAD_FOUND_FTP] = "ftp",   [GAD_FOUND_TLS] = "http_443",
        [GAD_FOUND_TELNET] = "telnet",     [GAD_FOUND_DNS] = "domain"};

    gad_assert(name[found]);
    return number_of(name[found]);
}
