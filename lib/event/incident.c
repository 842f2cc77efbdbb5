/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/incident.h"

#include "lib/record/record.h"

static const char *name_of(const char *const *names, unsigned n, unsigned i)
{
    return i < n && names[i] ? names[i] : "";
}

const char *gad_incident_state_name(enum gad_incident_state s)
{
    static const char *const names[GAD_N_INCIDENT_STATES] = {[GAD_INCIDENT_OPEN] = "open",
                                                             [GAD_INCIDENT_UPDATE] = "update",
                                                             [GAD_INCIDENT_CLOSED] = "closed"};

    return name_of(names, GAD_N_INCIDENT_STATES, s);
}

const char *gad_line_name(enum gad_line l)
{
    static const char *const names[GAD_N_LINES] = {[GAD_LINE_PAIR] = "pair",
                                                   [GAD_LINE_SOURCE] = "source",
                                                   [GAD_LINE_TARGET] = "target",
                                                   [GAD_LINE_NETWORK] = "network"};

    return name_of(names, GAD_N_LINES, l);
}

const char *gad_nature_name(enum gad_nature n)
{
    static const char *const names[GAD_N_NATURES] = {
        [GAD_NATURE_PROBE] = "probe",     [GAD_NATURE_ICMP] = "icmp",
        [GAD_NATURE_CONTENT] = "content", [GAD_NATURE_LOGIN] = "login",
        [GAD_NATURE_TRAFFIC] = "traffic", [GAD_NATURE_MALFORMED] = "malformed",
        [GAD_NATURE_HOST] = "host"};

    return name_of(names, GAD_N_NATURES, n);
}

const char *gad_sign_name(enum gad_sign s)
{
    static const char *const names[GAD_N_SIGNS] = {
        [GAD_SIGN_FAILED] = "failed_targets", [GAD_SIGN_FAILED_SLOW] = "failed_targets_slow",
        [GAD_SIGN_PORTS] = "failed_ports",    [GAD_SIGN_TARGETS] = "targets",
        [GAD_SIGN_RARITY] = "rarity",         [GAD_SIGN_BEACON] = "beacon_interval",
        [GAD_SIGN_TUNNEL] = "tunnel_bytes",   [GAD_SIGN_UPLOAD] = "upload_bytes",
        [GAD_SIGN_GUESSING] = "logins"};

    return name_of(names, GAD_N_SIGNS, s);
}

static bool has_shown_content(const double *v)
{
    return v[GAD_ROOT_SHELL] > 0 || v[GAD_HOT] > 0 || v[GAD_NUM_COMPROMISED] > 0 ||
           v[GAD_SU_ATTEMPTED] > 0 || v[GAD_NUM_ROOT] > 0 || v[GAD_NUM_FILE_CREATIONS] > 0 ||
           v[GAD_NUM_SHELLS] > 0 || v[GAD_NUM_ACCESS_FILES] > 0 || v[GAD_NUM_OUTBOUND_CMDS] > 0 ||
           v[GAD_IS_HOST_LOGIN] > 0;
}

/* The target sent no payload, and this is no upload that it took. */
static bool is_one_way(const double *v)
{
    bool is_upload = (int)v[GAD_PROTOCOL_TYPE] == GAD_PROTOCOL_TCP && v[GAD_SRC_BYTES] > 0 &&
                     (int)v[GAD_FLAG] == GAD_FLAG_SF;

    return v[GAD_DST_BYTES] == 0 && !is_upload;
}

/* More than a probe or a message carries. Data can leave by UDP or ICMP without an answer. */
static bool is_large(const double *v)
{
    return v[GAD_SRC_BYTES] >= 1048576;
}

enum gad_nature gad_nature_of(const struct gad_record *r)
{
    const double *v = r->v;
    int protocol = (int)v[GAD_PROTOCOL_TYPE];

    if (has_shown_content(v))
        return GAD_NATURE_CONTENT;
    if (v[GAD_NUM_FAILED_LOGINS] > 0 || v[GAD_IS_GUEST_LOGIN] > 0)
        return GAD_NATURE_LOGIN;
    if (v[GAD_LAND] > 0 || v[GAD_WRONG_FRAGMENT] > 0 || v[GAD_URGENT] > 0)
        return GAD_NATURE_MALFORMED;
    if (is_large(v))
        return GAD_NATURE_TRAFFIC;
    if (protocol == GAD_PROTOCOL_ICMP)
        return GAD_NATURE_ICMP;
    return is_one_way(v) ? GAD_NATURE_PROBE : GAD_NATURE_TRAFFIC;
}
