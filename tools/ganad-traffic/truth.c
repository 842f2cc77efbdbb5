/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/truth.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/ganad-traffic/out.h"
#include "tools/ganad-traffic/session.h"

struct name {
    uint16_t port;
    const char *name;
};

/* KDD99 has one port per service. Its neptune rows, which scan ports 1 to 1024, show which. */
static const struct name tcp_names[] = {
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
static const struct name udp_names[] = {{53, "domain_u"}, {69, "tftp_u"}, {123, "ntp_u"}};

static const char *icmp_service(uint16_t type, uint16_t code)
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

/* The numbers of RFC 4443 for the same messages. */
static const char *icmp6_service(uint16_t type, uint16_t code)
{
    static const uint8_t same_as[][2] = {{129, 0}, {128, 8}, {3, 11}, {137, 5}};

    for (size_t i = 0; i < sizeof(same_as) / sizeof(same_as[0]); i++)
        if (same_as[i][0] == type)
            return icmp_service(same_as[i][1], 0);
    if (type == 1)
        return icmp_service(3, code == 4 ? 3 : code == 3 ? 1 : 0);
    return "oth_i";
}

static const char *find(const struct name *names, size_t n, uint16_t port)
{
    for (size_t i = 0; i < n; i++)
        if (names[i].port == port)
            return names[i].name;
    return port < 1024 ? "private" : "other";
}

const char *truth_service(uint8_t ip_proto, uint16_t orig_port, uint16_t resp_port)
{
    if (ip_proto == PROTO_ICMP)
        return icmp_service(orig_port, resp_port);
    if (ip_proto == PROTO_ICMP6)
        return icmp6_service(orig_port, resp_port);
    if (ip_proto == PROTO_UDP)
        return find(udp_names, sizeof(udp_names) / sizeof(udp_names[0]), resp_port);
    return find(tcp_names, sizeof(tcp_names) / sizeof(tcp_names[0]), resp_port);
}

/* In the KDD99 data these services are logged in whenever both sides sent bytes, or never. */
static int16_t logged_in(const struct truth *t)
{
    static const char *const talks[] = {"http", "smtp"}, *const never[] = {"finger", "time"};

    for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++)
        if (strcmp(t->service, talks[i]) == 0)
            return t->bytes[ORIG] > 0 && t->bytes[RESP] > 0;
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        if (strcmp(t->service, never[i]) == 0)
            return 0;
    return TRUTH_UNKNOWN;
}

/* All KDD99 rows with these flags have duration 0. */
static bool has_no_duration(const char *flag)
{
    static const char *const flags[] = {"S0", "S1", "SH", "OTH"};

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strcmp(flag, flags[i]) == 0)
            return true;
    return false;
}

void truth_complete(struct conn *c)
{
    struct truth *t = &c->truth;
    bool silent = c->proto != PROTO_TCP || t->bytes[ORIG] + t->bytes[RESP] == 0;

    if (has_no_duration(t->flag))
        t->end = t->start;
    if (t->content[TRUTH_LOGGED_IN] == TRUTH_UNKNOWN)
        t->content[TRUTH_LOGGED_IN] = silent ? 0 : logged_in(t);
}

void truth_header(struct out *o)
{
    gad_buf_printf(&o->buf,
                   "start\tduration\tprotocol_type\tsrc_ip\tsrc_port\tdst_ip\tdst_port\tservice\t"
                   "flag\tsrc_bytes\tdst_bytes\tland\twrong_fragment\turgent\thot\t"
                   "num_failed_logins\tlogged_in\tnum_compromised\troot_shell\tsu_attempted\t"
                   "num_root\tnum_file_creations\tnum_shells\tnum_access_files\tis_guest_login\t"
                   "label\tkind\n");
}

static const char *proto_name(uint8_t proto)
{
    return proto == PROTO_TCP ? "tcp" : proto == PROTO_UDP ? "udp" : "icmp";
}

/* Seconds with six decimals. */
static void seconds(struct out *o, int64_t us)
{
    gad_buf_printf(&o->buf, "%" PRId64 ".%06" PRId64 "\t", us / 1000000, us % 1000000);
}

void truth_line(struct out *o, const struct conn *c)
{
    const struct truth *t = &c->truth;
    bool icmp = c->proto == PROTO_ICMP || c->proto == PROTO_ICMP6;
    char text[INET6_ADDRSTRLEN];

    if (o->fd < 0)
        return;
    seconds(o, t->start);
    seconds(o, t->end - t->start);
    gad_buf_printf(&o->buf, "%s\t", proto_name(c->proto));
    for (int i = 0; i < 2; i++) {
        const struct endpoint *e = &c->end[i];
        (void)inet_ntop(e->family == 4 ? AF_INET : AF_INET6, e->addr, text, sizeof(text));
        gad_buf_printf(&o->buf, "%s\t%u\t", text, icmp ? 0 : e->port);
    }
    gad_buf_printf(&o->buf, "%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%u\t%u\t%u\t", t->service, t->flag,
                   t->bytes[ORIG], t->bytes[RESP], t->land, t->wrong_fragment, t->urgent);
    for (int i = 0; i < N_TRUTH_CONTENT; i++)
        if (t->content[i] == TRUTH_UNKNOWN)
            gad_buf_printf(&o->buf, "-\t");
        else
            gad_buf_printf(&o->buf, "%d\t", t->content[i]);
    gad_buf_printf(&o->buf, "%s\t%s\n", t->label, t->kind);
}
