/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The columns after the features that identify the connection of a record: src_ip, src_port,
 * dest_ip, dest_port, start, end, community_id, orient, notes, src_packets and dest_packets, as
 * gad_record_text() writes them. Each can be missing in the file and empty in a line.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/dataset/line.h"

struct gad_record;

struct gad_connection_columns {
    bool any;
    /* content of column c, enum part of connection.c; -1: not of the connection */
    int8_t part[GAD_HEAD_COLUMNS_MAX];
};

/* Finds the columns of the connection in a file with that head. */
void gad_connection_find(const struct gad_head *head, struct gad_connection_columns *ret);

/**
 * gad_connection_parse() - parses tuple, times and Community ID of a line
 * @line: a good line of that head: it has all columns, and an LF ends it
 * @rec:  its features are set; protocol_type gives the IP protocol. Unknown values become zero
 * Return: is each value valid for its column? An invalid one is left out; an address together with
 * the other address.
 */
bool gad_connection_parse(const struct gad_connection_columns *columns, const char *line,
                          struct gad_record *rec);
