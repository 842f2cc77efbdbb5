/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Numbers for people.
 */

#include <stdint.h>

enum { PRINT_COUNT = 32, PRINT_TIME = 24 };

/* "1,234,567". Return: text. */
const char *print_count(uint64_t n, char text[static PRINT_COUNT]);

/* "7 s", "3:05", "1:02:03". Return: text. */
const char *print_time(double seconds, char text[static PRINT_TIME]);
