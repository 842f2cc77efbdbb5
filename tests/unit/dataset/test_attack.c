/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/attack.h"

#include "tests/unit/test.h"

static void labels_of_all_sets_have_their_class(void **state)
{
    (void)state;
    /* The 23 labels of the 10 % file and NSL-KDD, then those of the corrected test set alone. */
    static const struct {
        const char *label;
        enum gad_attack_class want;
    } t[] = {
        {"normal", GAD_CLASS_NORMAL},
        {"back", GAD_CLASS_DOS},
        {"buffer_overflow", GAD_CLASS_U2R},
        {"ftp_write", GAD_CLASS_R2L},
        {"guess_passwd", GAD_CLASS_R2L},
        {"imap", GAD_CLASS_R2L},
        {"ipsweep", GAD_CLASS_PROBE},
        {"land", GAD_CLASS_DOS},
        {"loadmodule", GAD_CLASS_U2R},
        {"multihop", GAD_CLASS_R2L},
        {"neptune", GAD_CLASS_DOS},
        {"nmap", GAD_CLASS_PROBE},
        {"perl", GAD_CLASS_U2R},
        {"phf", GAD_CLASS_R2L},
        {"pod", GAD_CLASS_DOS},
        {"portsweep", GAD_CLASS_PROBE},
        {"rootkit", GAD_CLASS_U2R},
        {"satan", GAD_CLASS_PROBE},
        {"smurf", GAD_CLASS_DOS},
        {"spy", GAD_CLASS_R2L},
        {"teardrop", GAD_CLASS_DOS},
        {"warezclient", GAD_CLASS_R2L},
        {"warezmaster", GAD_CLASS_R2L},
        {"apache2", GAD_CLASS_DOS},
        {"httptunnel", GAD_CLASS_R2L},
        {"mailbomb", GAD_CLASS_DOS},
        {"mscan", GAD_CLASS_PROBE},
        {"named", GAD_CLASS_R2L},
        {"processtable", GAD_CLASS_DOS},
        {"ps", GAD_CLASS_U2R},
        {"saint", GAD_CLASS_PROBE},
        {"sendmail", GAD_CLASS_R2L},
        {"snmpgetattack", GAD_CLASS_R2L},
        {"snmpguess", GAD_CLASS_R2L},
        {"sqlattack", GAD_CLASS_U2R},
        {"udpstorm", GAD_CLASS_DOS},
        {"worm", GAD_CLASS_R2L},
        {"xlock", GAD_CLASS_R2L},
        {"xsnoop", GAD_CLASS_R2L},
        {"xterm", GAD_CLASS_U2R},
        /* first and last of the table, and what is in none */
        {"arppoison", GAD_CLASS_DOS},
        {"yaga", GAD_CLASS_U2R},
        {"", GAD_CLASS_UNKNOWN},
        {"normal.", GAD_CLASS_UNKNOWN},
        {"Normal", GAD_CLASS_NORMAL},
        {"NEPTUNE", GAD_CLASS_DOS},
        {"BENIGN", GAD_CLASS_NORMAL},
        {"benig", GAD_CLASS_UNKNOWN},
        {"abnormal", GAD_CLASS_UNKNOWN},
        {"zzz", GAD_CLASS_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_int_equal(gad_attack_class(t[i].label), t[i].want);
}

static void classes_have_names(void **state)
{
    (void)state;
    static const char *const want[] = {"normal", "dos", "probe", "r2l", "u2r", "unknown"};

    for (int c = 0; c < GAD_N_CLASSES; c++)
        assert_string_equal(gad_attack_class_name((enum gad_attack_class)c), want[c]);
    assert_string_equal(gad_attack_class_name(GAD_N_CLASSES), "unknown");
    assert_true(gad_label_is_normal("normal") && !gad_label_is_normal("smurf"));
    assert_true(gad_label_is_normal("NORMAL") && gad_label_is_normal("Benign"));
    assert_false(gad_label_is_normal("") || gad_label_is_normal("0") ||
                 gad_label_is_normal("anomaly"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_of_all_sets_have_their_class),
        cmocka_unit_test(classes_have_names),
    };
    return cmocka_run_group_tests_name("attack", tests, NULL, NULL);
}
