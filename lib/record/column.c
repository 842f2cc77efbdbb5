/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/column.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char *const protocols[] = {"tcp", "udp", "icmp"};

static const char *const flags[] = {"OTH", "REJ", "RSTO", "RSTOS0", "RSTR", "S0",
                                    "S1",  "S2",  "S3",   "SF",     "SH"};

/* The 66 of the 10 % file in byte order; then those of the full file and NSL-KDD, of the
 * corrected test set, and of kdd99extractor. */
static const char *const services[] = {
    "IRC",          "X11",     "Z39_50",    "auth",      "bgp",      "courier",     "csnet_ns",
    "ctf",          "daytime", "discard",   "domain",    "domain_u", "echo",        "eco_i",
    "ecr_i",        "efs",     "exec",      "finger",    "ftp",      "ftp_data",    "gopher",
    "hostnames",    "http",    "http_443",  "imap4",     "iso_tsap", "klogin",      "kshell",
    "ldap",         "link",    "login",     "mtp",       "name",     "netbios_dgm", "netbios_ns",
    "netbios_ssn",  "netstat", "nnsp",      "nntp",      "ntp_u",    "other",       "pm_dump",
    "pop_2",        "pop_3",   "printer",   "private",   "red_i",    "remote_job",  "rje",
    "shell",        "smtp",    "sql_net",   "ssh",       "sunrpc",   "supdup",      "systat",
    "telnet",       "tftp_u",  "tim_i",     "time",      "urh_i",    "urp_i",       "uucp",
    "uucp_path",    "vmnet",   "whois",
    /* 66 */ "aol", "harvest", "http_2784", "http_8001", "icmp",     "oth_i"};

#define NUMBER(n)                                                                                  \
    {                                                                                              \
        .name = n, .kind = GAD_KIND_NUMBER, .max = 4294967295.0                                    \
    }
#define BYTES(n)                                                                                   \
    {                                                                                              \
        .name = n, .kind = GAD_KIND_NUMBER, .max = 9007199254740992.0                              \
    }
#define COUNT(n, most)                                                                             \
    {                                                                                              \
        .name = n, .kind = GAD_KIND_NUMBER, .max = (most)                                          \
    }
#define BINARY(n)                                                                                  \
    {                                                                                              \
        .name = n, .kind = GAD_KIND_BINARY, .max = 1.0                                             \
    }
#define RATE(n)                                                                                    \
    {                                                                                              \
        .name = n, .kind = GAD_KIND_RATE, .max = 1.0                                               \
    }
#define NAME(n, list, len)                                                                         \
    {                                                                                              \
        .name = n, .kind = GAD_KIND_NAME, .max = (len)-1, .names = (list), .n_names = (len)        \
    }

#define LEN(list) (sizeof(list) / sizeof((list)[0]))
enum { N_PROTOCOLS = LEN(protocols), N_SERVICES = LEN(services), N_FLAGS = LEN(flags) };

const struct gad_column_info gad_columns[GAD_N_COLUMNS] = {
    [GAD_DURATION] = NUMBER("duration"),
    [GAD_PROTOCOL_TYPE] = NAME("protocol_type", protocols, N_PROTOCOLS),
    [GAD_SERVICE] = NAME("service", services, N_SERVICES),
    [GAD_FLAG] = NAME("flag", flags, N_FLAGS),
    [GAD_SRC_BYTES] = BYTES("src_bytes"),
    [GAD_DST_BYTES] = BYTES("dst_bytes"),
    [GAD_LAND] = BINARY("land"),
    [GAD_WRONG_FRAGMENT] = NUMBER("wrong_fragment"),
    [GAD_URGENT] = NUMBER("urgent"),
    [GAD_HOT] = NUMBER("hot"),
    [GAD_NUM_FAILED_LOGINS] = NUMBER("num_failed_logins"),
    [GAD_LOGGED_IN] = BINARY("logged_in"),
    [GAD_NUM_COMPROMISED] = NUMBER("num_compromised"),
    [GAD_ROOT_SHELL] = BINARY("root_shell"),
    [GAD_SU_ATTEMPTED] = COUNT("su_attempted", 2.0), /* called binary, but has 2 as a value */
    [GAD_NUM_ROOT] = NUMBER("num_root"),
    [GAD_NUM_FILE_CREATIONS] = NUMBER("num_file_creations"),
    [GAD_NUM_SHELLS] = NUMBER("num_shells"),
    [GAD_NUM_ACCESS_FILES] = NUMBER("num_access_files"),
    [GAD_NUM_OUTBOUND_CMDS] = NUMBER("num_outbound_cmds"),
    [GAD_IS_HOST_LOGIN] = BINARY("is_host_login"),
    [GAD_IS_GUEST_LOGIN] = BINARY("is_guest_login"),
    [GAD_COUNT] = COUNT("count", 511.0), /* a window of 511 connections */
    [GAD_SRV_COUNT] = COUNT("srv_count", 511.0),
    [GAD_SERROR_RATE] = RATE("serror_rate"),
    [GAD_SRV_SERROR_RATE] = RATE("srv_serror_rate"),
    [GAD_RERROR_RATE] = RATE("rerror_rate"),
    [GAD_SRV_RERROR_RATE] = RATE("srv_rerror_rate"),
    [GAD_SAME_SRV_RATE] = RATE("same_srv_rate"),
    [GAD_DIFF_SRV_RATE] = RATE("diff_srv_rate"),
    [GAD_SRV_DIFF_HOST_RATE] = RATE("srv_diff_host_rate"),
    [GAD_DST_HOST_COUNT] = COUNT("dst_host_count", 255.0), /* a window of 255 connections */
    [GAD_DST_HOST_SRV_COUNT] = COUNT("dst_host_srv_count", 255.0),
    [GAD_DST_HOST_SAME_SRV_RATE] = RATE("dst_host_same_srv_rate"),
    [GAD_DST_HOST_DIFF_SRV_RATE] = RATE("dst_host_diff_srv_rate"),
    [GAD_DST_HOST_SAME_SRC_PORT_RATE] = RATE("dst_host_same_src_port_rate"),
    [GAD_DST_HOST_SRV_DIFF_HOST_RATE] = RATE("dst_host_srv_diff_host_rate"),
    [GAD_DST_HOST_SERROR_RATE] = RATE("dst_host_serror_rate"),
    [GAD_DST_HOST_SRV_SERROR_RATE] = RATE("dst_host_srv_serror_rate"),
    [GAD_DST_HOST_RERROR_RATE] = RATE("dst_host_rerror_rate"),
    [GAD_DST_HOST_SRV_RERROR_RATE] = RATE("dst_host_srv_rerror_rate"),
};

/*
 * Open hash tables of number + 1, 0 for an empty slot, with linear probing from hash(). With these
 * multipliers no two of the names above collide. A new name takes the first free slot from its
 * hash; the unit test checks that.
 */
static const uint8_t protocol_slots[8] = {[3] = 2, [5] = 3, [6] = 1};
static const uint8_t flag_slots[32] = {[1] = 8,  [9] = 10, [11] = 9, [12] = 2,  [13] = 6, [16] = 4,
                                       [23] = 7, [25] = 1, [26] = 3, [29] = 11, [30] = 5};
static const uint8_t service_slots[256] = {
    [2] = 47,   [12] = 38,  [24] = 35,  [25] = 14,  [28] = 48,  [29] = 71,  [30] = 31,  [33] = 67,
    [34] = 19,  [39] = 62,  [41] = 41,  [42] = 39,  [47] = 26,  [55] = 61,  [60] = 45,  [64] = 57,
    [65] = 21,  [76] = 68,  [78] = 60,  [79] = 52,  [86] = 10,  [88] = 43,  [93] = 64,  [96] = 9,
    [99] = 16,  [100] = 44, [101] = 51, [102] = 49, [108] = 37, [112] = 22, [114] = 29, [115] = 15,
    [127] = 13, [129] = 6,  [130] = 11, [131] = 50, [136] = 58, [142] = 59, [144] = 46, [149] = 17,
    [150] = 70, [151] = 4,  [155] = 28, [158] = 24, [160] = 5,  [165] = 55, [173] = 54, [174] = 65,
    [176] = 23, [181] = 56, [186] = 69, [188] = 30, [189] = 72, [212] = 33, [215] = 53, [217] = 7,
    [219] = 32, [222] = 20, [224] = 34, [226] = 2,  [228] = 18, [229] = 63, [230] = 12, [231] = 1,
    [232] = 3,  [236] = 36, [237] = 8,  [239] = 27, [245] = 25, [248] = 42, [254] = 40, [255] = 66};

static unsigned hash(const char *s, size_t len)
{
    unsigned first = (unsigned char)s[0], last = (unsigned char)s[len - 1];
    unsigned middle = (unsigned char)s[len / 2];
    return first * 63 + last * 12 + middle * 30 + (unsigned)len * 16;
}

/* Stops at the NUL of the name, so s can contain any bytes. */
static bool same(const char *name, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] != s[i] || name[i] == '\0')
            return false;
    return name[len] == '\0';
}

static int find(const char *const *names, const uint8_t *slots, unsigned mask, const char *s,
                size_t len)
{
    for (unsigned h = hash(s, len) & mask; slots[h] != 0; h = (h + 1) & mask)
        if (same(names[slots[h] - 1], s, len))
            return slots[h] - 1;
    return GAD_NAME_UNKNOWN;
}

int gad_name_number(enum gad_column col, const char *s, size_t len)
{
    if (len == 0)
        return GAD_NAME_UNKNOWN;
    switch ((int)col) {
    case GAD_PROTOCOL_TYPE:
        return find(protocols, protocol_slots, sizeof(protocol_slots) - 1, s, len);
    case GAD_SERVICE:
        return find(services, service_slots, sizeof(service_slots) - 1, s, len);
    case GAD_FLAG:
        return find(flags, flag_slots, sizeof(flag_slots) - 1, s, len);
    default:
        return GAD_NAME_UNKNOWN;
    }
}

const char *gad_name_text(enum gad_column col, int number)
{
    if ((unsigned)col >= GAD_N_COLUMNS || number < 0 || (size_t)number >= gad_columns[col].n_names)
        return "?";
    return gad_columns[col].names[number];
}

int gad_column_by_name(const char *name)
{
    for (int c = 0; c < GAD_N_COLUMNS; c++)
        if (strcmp(gad_columns[c].name, name) == 0)
            return c;
    return -1;
}
