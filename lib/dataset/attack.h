/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Maps labels to classes of attack: normal, or one of the four families of KDD99. Contains all
 * names of the KDD99 training and "corrected" test sets and of NSL-KDD.
 *
 * Source: training_and_test_attack_types of KDD99, unchanged (httptunnel and worm are r2l there).
 */

#include <stdbool.h>

enum gad_attack_class {
    GAD_CLASS_NORMAL,
    GAD_CLASS_DOS,
    GAD_CLASS_PROBE,
    GAD_CLASS_R2L, /* remote to local: an attacker without an account gains access */
    GAD_CLASS_U2R, /* user to root: an attacker with an account gains privileges */
    GAD_CLASS_UNKNOWN,
    GAD_N_CLASSES
};

/* @label: without the dot, in any case. "" and names that are not listed are unknown. */
enum gad_attack_class gad_attack_class(const char *label);

const char *gad_attack_class_name(enum gad_attack_class c); /* "normal", "dos", ... "unknown" */

/* "normal" or "benign", in any case. */
bool gad_label_is_normal(const char *label);
