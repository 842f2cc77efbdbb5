/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/make.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/flow/conn.h"
#include "lib/record/record.h"
#include "lib/record/service.h"

static bool is_icmp(const struct gad_conn *c)
{
    return c->tuple.proto == GAD_IP_ICMP || c->tuple.proto == GAD_IP_ICMP6;
}

static int protocol_of(const struct gad_conn *c)
{
    if (is_icmp(c))
        return GAD_PROTOCOL_ICMP;
    return c->tuple.proto == GAD_IP_UDP ? GAD_PROTOCOL_UDP : GAD_PROTOCOL_TCP;
}

static int flag_of(const struct gad_conn *c)
{
    static const uint8_t of[GAD_N_CONN_STATES] = {
        [GAD_CONN_SF] = GAD_FLAG_SF,         [GAD_CONN_S0] = GAD_FLAG_S0,
        [GAD_CONN_REJ] = GAD_FLAG_REJ,       [GAD_CONN_RSTR] = GAD_FLAG_RSTR,
        [GAD_CONN_RSTO] = GAD_FLAG_RSTO,     [GAD_CONN_SH] = GAD_FLAG_SH,
        [GAD_CONN_S1] = GAD_FLAG_S1,         [GAD_CONN_S2] = GAD_FLAG_S2,
        [GAD_CONN_RSTOS0] = GAD_FLAG_RSTOS0, [GAD_CONN_S3] = GAD_FLAG_S3,
        [GAD_CONN_OTH] = GAD_FLAG_OTH,       [GAD_CONN_RSTRH] = GAD_FLAG_OTH,
        [GAD_CONN_SHR] = GAD_FLAG_OTH,
    };
    bool is_open = c->state == GAD_CONN_S1 || c->state == GAD_CONN_S2 || c->state == GAD_CONN_S3;
    return is_open && (c->notes & GAD_NOTE_INTERIM) ? GAD_FLAG_SF : of[c->state];
}

static double whole_seconds(const struct gad_conn *c)
{
    int64_t seconds = c->duration.ns / 1000000000;
    return seconds > 0 ? (double)seconds : 0.0;
}

static bool is_land(const struct gad_tuple *t)
{
    return t->src_port == t->dst_port && memcmp(t->src, t->dst, sizeof(t->src)) == 0;
}

static void set(struct gad_record *r, enum gad_column c, double v)
{
    r->v[c] = v < gad_columns[c].max ? v : gad_columns[c].max;
}

static void set_content(struct gad_record *r, const struct gad_content *n)
{
    set(r, GAD_HOT, n->hot);
    set(r, GAD_NUM_FAILED_LOGINS, n->num_failed_logins);
    set(r, GAD_LOGGED_IN, n->logged_in);
    set(r, GAD_NUM_COMPROMISED, n->num_compromised);
    set(r, GAD_ROOT_SHELL, n->root_shell);
    set(r, GAD_SU_ATTEMPTED, n->su_attempted);
    set(r, GAD_NUM_ROOT, n->num_root);
    set(r, GAD_NUM_FILE_CREATIONS, n->num_file_creations);
    set(r, GAD_NUM_SHELLS, n->num_shells);
    set(r, GAD_NUM_ACCESS_FILES, n->num_access_files);
    set(r, GAD_NUM_OUTBOUND_CMDS, n->num_outbound_cmds);
    set(r, GAD_IS_HOST_LOGIN, n->is_host_login);
    set(r, GAD_IS_GUEST_LOGIN, n->is_guest_login);
}

static uint32_t at_most_u32(uint64_t n)
{
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* Sets bytes and content, as far as KDD99 has them for this flag. */
static void set_payload(struct gad_record *r, const struct gad_conn *c, int protocol, int flag)
{
    bool nothing_said = flag == GAD_FLAG_REJ || flag == GAD_FLAG_SH || flag == GAD_FLAG_RSTOS0 ||
                        flag == GAD_FLAG_OTH;
    if (nothing_said)
        return;
    set(r, GAD_SRC_BYTES, (double)c->src_bytes);
    if (protocol != GAD_PROTOCOL_ICMP)
        set(r, GAD_DST_BYTES, (double)c->dst_bytes);
    if (protocol == GAD_PROTOCOL_TCP)
        set_content(r, &c->content);
    if (flag == GAD_FLAG_S0)
        r->v[GAD_LOGGED_IN] = 0.0;
}

void gad_record_make(const struct gad_services *s, const struct gad_conn *c, struct gad_record *ret)
{
    int protocol = protocol_of(c);
    int flag = protocol == GAD_PROTOCOL_TCP ? flag_of(c) : GAD_FLAG_SF;

    *ret = (struct gad_record){.tuple = c->tuple,
                               .start = c->start,
                               .end = c->end,
                               .src_packets = at_most_u32(c->src_packets),
                               .dst_packets = at_most_u32(c->dst_packets),
                               .packet = c->packet,
                               .file = c->file,
                               .frames = c->frames,
                               .tunnels = c->tunnels,
                               .notes = c->notes,
                               .id_follows = true,
                               .is_answer = c->is_answer,
                               .icmp_type = c->icmp_type,
                               .icmp_code = c->icmp_code};
    ret->v[GAD_PROTOCOL_TYPE] = protocol;
    ret->v[GAD_SERVICE] = c->found != GAD_FOUND_NOTHING
                              ? gad_services_found((enum gad_found)c->found)
                              : gad_services_of(s, &c->tuple, c->icmp_type, c->icmp_code);
    ret->v[GAD_FLAG] = flag;
    if (protocol != GAD_PROTOCOL_ICMP) {
        set(ret, GAD_DURATION, whole_seconds(c));
        ret->v[GAD_LAND] = is_land(&c->tuple);
    }
    set(ret, GAD_WRONG_FRAGMENT, c->wrong_fragment);
    set(ret, GAD_URGENT, c->urgent);
    set_payload(ret, c, protocol, flag);
}
