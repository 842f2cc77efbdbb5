/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feature/schema.h"

/*
 * The feature vector of EGBAD's KDD99 code: numeric columns in file order, then one-hot groups.
 * The groups are those that pandas.get_dummies() makes of the values in the 10 % file, sorted by
 * byte. The column is_host_login is always 0 there, so it has one category.
 */

static const char *const numeric[] = {
    "duration",
    "src_bytes",
    "dst_bytes",
    "wrong_fragment",
    "urgent",
    "hot",
    "num_failed_logins",
    "num_compromised",
    "root_shell",
    "su_attempted",
    "num_root",
    "num_file_creations",
    "num_shells",
    "num_access_files",
    "num_outbound_cmds",
    "count",
    "srv_count",
    "serror_rate",
    "srv_serror_rate",
    "rerror_rate",
    "srv_rerror_rate",
    "same_srv_rate",
    "diff_srv_rate",
    "srv_diff_host_rate",
    "dst_host_count",
    "dst_host_srv_count",
    "dst_host_same_srv_rate",
    "dst_host_diff_srv_rate",
    "dst_host_same_src_port_rate",
    "dst_host_srv_diff_host_rate",
    "dst_host_serror_rate",
    "dst_host_srv_serror_rate",
    "dst_host_rerror_rate",
    "dst_host_srv_rerror_rate",
};

static const char *const protocol[] = {"icmp", "tcp", "udp"};

static const char *const service[] = {
    "IRC",         "X11",     "Z39_50",   "auth",    "bgp",      "courier",     "csnet_ns",
    "ctf",         "daytime", "discard",  "domain",  "domain_u", "echo",        "eco_i",
    "ecr_i",       "efs",     "exec",     "finger",  "ftp",      "ftp_data",    "gopher",
    "hostnames",   "http",    "http_443", "imap4",   "iso_tsap", "klogin",      "kshell",
    "ldap",        "link",    "login",    "mtp",     "name",     "netbios_dgm", "netbios_ns",
    "netbios_ssn", "netstat", "nnsp",     "nntp",    "ntp_u",    "other",       "pm_dump",
    "pop_2",       "pop_3",   "printer",  "private", "red_i",    "remote_job",  "rje",
    "shell",       "smtp",    "sql_net",  "ssh",     "sunrpc",   "supdup",      "systat",
    "telnet",      "tftp_u",  "tim_i",    "time",    "urh_i",    "urp_i",       "uucp",
    "uucp_path",   "vmnet",   "whois"};

static const char *const flag[] = {"OTH", "REJ", "RSTO", "RSTOS0", "RSTR", "S0",
                                   "S1",  "S2",  "S3",   "SF",     "SH"};

static const char *const binary[] = {"0", "1"};

#define GROUP(col, list)                                                                           \
    {                                                                                              \
        .column = (col), .categories = (list), .n_categories = LEN(list)                           \
    }
#define LEN(list) (sizeof(list) / sizeof((list)[0]))

static const struct gad_schema_group groups[] = {
    GROUP("protocol_type", protocol),
    GROUP("service", service),
    GROUP("flag", flag),
    GROUP("land", binary),
    GROUP("logged_in", binary),
    {.column = "is_host_login", .categories = binary, .n_categories = 1},
    GROUP("is_guest_login", binary),
};

int gad_schema_new_egbad(struct gad_schema **ret)
{
    return gad_schema_new(numeric, LEN(numeric), groups, LEN(groups), ret, NULL);
}
