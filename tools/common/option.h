/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* getopt_long() that names the option that was meant. */

#include <getopt.h>

/* As getopt_long(). For a long option that is not in the table, the nearest that is follows its message. */
int option_next(int argc, char *const *argv, const char *shorts, const struct option *longs,
                int *ret_index);
