/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/attack.h"

#include "lib/base/text.h"
#include <stdlib.h>

struct attack {
    const char *label;
    enum gad_attack_class class;
};

static const struct attack attacks[] = {
    /* in byte order */
    {"apache2", GAD_CLASS_DOS},       {"arppoison", GAD_CLASS_DOS},
    {"back", GAD_CLASS_DOS},          {"buffer_overflow", GAD_CLASS_U2R},
    {"casesen", GAD_CLASS_U2R},       {"crashiis", GAD_CLASS_DOS},
    {"desnuke", GAD_CLASS_DOS},       {"dict", GAD_CLASS_R2L},
    {"eject", GAD_CLASS_U2R},         {"fdformat", GAD_CLASS_U2R},
    {"ffbconfig", GAD_CLASS_U2R},     {"framespoof", GAD_CLASS_R2L},
    {"ftp_write", GAD_CLASS_R2L},     {"ftpwrite", GAD_CLASS_R2L},
    {"guess_passwd", GAD_CLASS_R2L},  {"guest", GAD_CLASS_R2L},
    {"httptunnel", GAD_CLASS_R2L},    {"illegal-sniffer", GAD_CLASS_PROBE},
    {"imap", GAD_CLASS_R2L},          {"ipsweep", GAD_CLASS_PROBE},
    {"land", GAD_CLASS_DOS},          {"loadmodule", GAD_CLASS_U2R},
    {"lsdomain", GAD_CLASS_PROBE},    {"mailbomb", GAD_CLASS_DOS},
    {"mscan", GAD_CLASS_PROBE},       {"msscan", GAD_CLASS_PROBE},
    {"multihop", GAD_CLASS_R2L},      {"named", GAD_CLASS_R2L},
    {"ncftp", GAD_CLASS_R2L},         {"neptune", GAD_CLASS_DOS},
    {"netbus", GAD_CLASS_R2L},        {"netcat", GAD_CLASS_R2L},
    {"nmap", GAD_CLASS_PROBE},        {"normal", GAD_CLASS_NORMAL},
    {"ntfsdos", GAD_CLASS_U2R},       {"ntinfoscan", GAD_CLASS_PROBE},
    {"nukepw", GAD_CLASS_U2R},        {"perl", GAD_CLASS_U2R},
    {"phf", GAD_CLASS_R2L},           {"pod", GAD_CLASS_DOS},
    {"portsweep", GAD_CLASS_PROBE},   {"ppmacro", GAD_CLASS_R2L},
    {"processtable", GAD_CLASS_DOS},  {"ps", GAD_CLASS_U2R},
    {"queso", GAD_CLASS_PROBE},       {"rootkit", GAD_CLASS_U2R},
    {"saint", GAD_CLASS_PROBE},       {"satan", GAD_CLASS_PROBE},
    {"sechole", GAD_CLASS_U2R},       {"secret", GAD_CLASS_U2R},
    {"selfping", GAD_CLASS_DOS},      {"sendmail", GAD_CLASS_R2L},
    {"smurf", GAD_CLASS_DOS},         {"snmpget", GAD_CLASS_R2L},
    {"snmpgetattack", GAD_CLASS_R2L}, {"snmpguess", GAD_CLASS_R2L},
    {"spy", GAD_CLASS_R2L},           {"sqlattack", GAD_CLASS_U2R},
    {"sshtrojan", GAD_CLASS_R2L},     {"syslogd", GAD_CLASS_DOS},
    {"teardrop", GAD_CLASS_DOS},      {"tepreset", GAD_CLASS_DOS},
    {"ucpstorm", GAD_CLASS_DOS},      {"udpstorm", GAD_CLASS_DOS},
    {"warezclient", GAD_CLASS_R2L},   {"warezmaster", GAD_CLASS_R2L},
    {"worm", GAD_CLASS_R2L},          {"xlock", GAD_CLASS_R2L},
    {"xsnoop", GAD_CLASS_R2L},        {"xterm", GAD_CLASS_U2R},
    {"yaga", GAD_CLASS_U2R},
};

static int compare(const void *key, const void *item)
{
    const struct attack *a = item;
    return gad_text_casecmp(key, a->label);
}

enum gad_attack_class gad_attack_class(const char *label)
{
    const struct attack *a =
        bsearch(label, attacks, sizeof(attacks) / sizeof(attacks[0]), sizeof(attacks[0]), compare);
    if (!a && gad_text_casecmp(label, "benign") == 0) /* as in CIC's data sets */
        return GAD_CLASS_NORMAL;
    return a ? a->class : GAD_CLASS_UNKNOWN;
}

const char *gad_attack_class_name(enum gad_attack_class c)
{
    static const char *const names[GAD_N_CLASSES] = {
        [GAD_CLASS_NORMAL] = "normal", [GAD_CLASS_DOS] = "dos", [GAD_CLASS_PROBE] = "probe",
        [GAD_CLASS_R2L] = "r2l",       [GAD_CLASS_U2R] = "u2r", [GAD_CLASS_UNKNOWN] = "unknown",
    };
    return (unsigned)c < GAD_N_CLASSES ? names[c] : "unknown";
}

bool gad_label_is_normal(const char *label)
{
    return gad_attack_class(label) == GAD_CLASS_NORMAL;
}
