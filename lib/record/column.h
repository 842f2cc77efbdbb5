/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The 41 columns of a KDD99 connection record: name, kind, legal range, and for the three text
 * columns every known name (of the 10 % file, the full file, the corrected test set and NSL-KDD).
 * Readers, schema, wire and display all use this table.
 *
 * A name's position in its list is its number in memory and on the wire (proto/ganad.proto): lists
 * grow only at the end.
 *
 * Source: kddcup.names; the 10 % set, all 494,021 rows; NSL-KDD KDDTrain+.
 */

#include <stddef.h>

enum gad_column {
    GAD_DURATION, /* whole seconds */
    GAD_PROTOCOL_TYPE,
    GAD_SERVICE,
    GAD_FLAG,      /* Bro's conn_state */
    GAD_SRC_BYTES, /* application bytes, originator to responder */
    GAD_DST_BYTES,
    GAD_LAND,
    GAD_WRONG_FRAGMENT,
    GAD_URGENT,
    GAD_HOT,
    GAD_NUM_FAILED_LOGINS,
    GAD_LOGGED_IN,
    GAD_NUM_COMPROMISED,
    GAD_ROOT_SHELL,
    GAD_SU_ATTEMPTED,
    GAD_NUM_ROOT,
    GAD_NUM_FILE_CREATIONS,
    GAD_NUM_SHELLS,
    GAD_NUM_ACCESS_FILES,
    GAD_NUM_OUTBOUND_CMDS,
    GAD_IS_HOST_LOGIN,
    GAD_IS_GUEST_LOGIN,
    GAD_COUNT,
    GAD_SRV_COUNT,
    GAD_SERROR_RATE,
    GAD_SRV_SERROR_RATE,
    GAD_RERROR_RATE,
    GAD_SRV_RERROR_RATE,
    GAD_SAME_SRV_RATE,
    GAD_DIFF_SRV_RATE,
    GAD_SRV_DIFF_HOST_RATE,
    GAD_DST_HOST_COUNT,
    GAD_DST_HOST_SRV_COUNT,
    GAD_DST_HOST_SAME_SRV_RATE,
    GAD_DST_HOST_DIFF_SRV_RATE,
    GAD_DST_HOST_SAME_SRC_PORT_RATE,
    GAD_DST_HOST_SRV_DIFF_HOST_RATE,
    GAD_DST_HOST_SERROR_RATE,
    GAD_DST_HOST_SRV_SERROR_RATE,
    GAD_DST_HOST_RERROR_RATE,
    GAD_DST_HOST_SRV_RERROR_RATE,
    GAD_N_COLUMNS,
};

enum gad_column_kind {
    GAD_KIND_NUMBER, /* whole number, 0 .. max */
    GAD_KIND_BINARY, /* 0 or 1 */
    GAD_KIND_RATE,   /* 0 .. 1, two decimals in text */
    GAD_KIND_NAME,   /* one of names[] */
};

struct gad_column_info {
    const char *name;
    enum gad_column_kind kind;
    double max;               /* largest legal value */
    const char *const *names; /* GAD_KIND_NAME: n_names strings */
    size_t n_names;
};

extern const struct gad_column_info gad_columns[GAD_N_COLUMNS];

/* Numbers of the names in protocol_type and flag, for code that creates records. */
enum gad_protocol_name { GAD_PROTOCOL_TCP, GAD_PROTOCOL_UDP, GAD_PROTOCOL_ICMP };
enum gad_flag_name {
    GAD_FLAG_OTH,
    GAD_FLAG_REJ,
    GAD_FLAG_RSTO,
    GAD_FLAG_RSTOS0,
    GAD_FLAG_RSTR,
    GAD_FLAG_S0,
    GAD_FLAG_S1,
    GAD_FLAG_S2,
    GAD_FLAG_S3,
    GAD_FLAG_SF,
    GAD_FLAG_SH,
};

/* The value for a name that is in no list; encodes to all zeros. */
enum { GAD_NAME_UNKNOWN = -1 };

/* Returns the number of a name (not NUL-terminated) in a text column, or GAD_NAME_UNKNOWN. O(1). */
int gad_name_number(enum gad_column col, const char *s, size_t len);

/* Returns the name of a number; "?" for GAD_NAME_UNKNOWN or a number out of range. */
const char *gad_name_text(enum gad_column col, int number);

/* Returns a column by its name, or -1. */
int gad_column_by_name(const char *name);
