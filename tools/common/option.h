/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* getopt_long() that suggests an option for an unknown one. */

#include <getopt.h>

/* As getopt_long(). After its message about an unknown long option, prints the nearest one. */
int option_next(int argc, char *const *argv, const char *shorts, const struct option *longs,
                int *ret_index);
