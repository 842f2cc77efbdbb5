/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers and foreign text for people. Each function returns @text. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct gad_unread_item;

enum { SHOW_TEXT = 32 };

/* "494,021" */
const char *show_count(uint64_t n, char text[static SHOW_TEXT]);

/* "0.42 s", "1 min 23 s", "3 h 07 min", "2 d 4 h" */
const char *show_duration(double seconds, char text[static SHOW_TEXT]);

/* "7 s", "3:05", "1:02:03" */
const char *show_clock(double seconds, char text[static SHOW_TEXT]);

/* "12.3 KiB" */
const char *show_bytes(uint64_t n, char text[static SHOW_TEXT]);

/* Whether to show colour and progress: @fd is a terminal, TERM is not "dumb", and NO_COLOR is not
 * set. */
bool show_is_terminal(int fd);

/* Prints the commonest of (n) items as "EtherType 0x88cc LLDP 12, IP protocol 89 OSPF 7", @first
 * before them and a line end after them; without items nothing. */
void show_unread(FILE *f, const char *first, const struct gad_unread_item *item, size_t n);
