/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A connection record: the 41 KDD99 features and the data of the connection. A value; copying it
 * copies everything.
 *
 * Features are doubles: exact for every count up to 2^53, and rates keep the two decimals of the
 * text. A model uses (float)v. In text columns v is the name's number (lib/record/column.h) or
 * GAD_NAME_UNKNOWN.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"
#include "lib/net/tuple.h"
#include "lib/record/column.h"

enum { GAD_COMMUNITY_ID_TEXT = 32 }; /* "1:" + 28 base64 characters, NUL */

struct gad_record {
    double v[GAD_N_COLUMNS];
    struct gad_tuple tuple;
    uint8_t tunnels;                   /* number of tunnels around its packets */
    uint8_t notes;                     /* of enum gad_conn_note */
    struct gad_time start, end;        /* packet time; 0: not known */
    uint32_t src_packets, dst_packets; /* at most 2^32 - 1; 0: not known */
    uint64_t packet;                   /* number of its first one in its file; 0: not known */
    uint32_t file;                     /* as the capture numbers its files; 0: none */
    uint64_t frames; /* reference of its last one in the capture's frame ring; 0: none */
    char community_id[GAD_COMMUNITY_ID_TEXT]; /* "" : not known */
    /* made of packets, and its ID is computed when something needs it: gad_record_identify() */
    bool id_follows;
    bool is_answer; /* while the ID follows: as of struct gad_conn, as are the next two */
    uint8_t icmp_type, icmp_code;
};

/**
 * gad_record_check() - checks every feature against its column's kind and range
 * Return: -1 if the record is legal, else the number of the first column that is not. NaN and Inf
 * are not legal, an unknown name is.
 */
int gad_record_check(const struct gad_record *r);

/* A contributing feature of an anomalous record: a column, its value, and what the model expected
 * there. */
struct gad_reason {
    enum gad_column column;
    double value; /* of the record */
    /* of the model, in the units of the column; for a text column a name's number */
    double expected;
    double share; /* of the score, 0 .. 1 */
};

/* Writes a value or an expectation as text: "http", "511", "0.98". Always NUL-terminated. */
enum { GAD_VALUE_TEXT = 32 };
void gad_value_text(enum gad_column col, double v, char text[static GAD_VALUE_TEXT]);
