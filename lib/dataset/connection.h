/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The columns behind the features that say which connection a record is of: src_ip, src_port, dest_ip, dest_port, start,
 * end and community_id, as gad_record_text() writes them. Each may be missing in the file and empty in a line.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/dataset/line.h"

struct gad_record;

struct gad_connection_columns {
    bool any;
    /* what column c holds, of connection.c; -1: nothing of the connection */
    int8_t part[GAD_HEAD_COLUMNS_MAX];
};

/* Which columns of a file with that head are of the connection. */
void gad_connection_find(const struct gad_head *head, struct gad_connection_columns *ret);

/**
 * gad_connection_parse() - tuple, times and Community ID of a line
 * @line: a good one of that head: it has all columns, and an LF ends it
 * @rec:  its features are there, of which protocol_type gives the IP protocol; what is not known becomes zero
 * Return: is each value what its column should have? One that is not is left out: an address with the other one.
 */
bool gad_connection_parse(const struct gad_connection_columns *columns, const char *line,
                          struct gad_record *rec);
