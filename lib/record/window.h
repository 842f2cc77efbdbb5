/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The 19 window features of a record, which depend on earlier records (columns 23 to 41). Two
 * windows, both over all hosts and both including the record itself:
 *
 *     T  records of the last 2 s (exactly 2 s ago included), at most the last 511: columns 23 to 31
 *     H  the last 255 records: columns 32 to 41
 *
 * Same host is the same responder, same service the same name, on any host. With Hs the window's
 * records of the same host and Ss those of the same service:
 *
 *     count, dst_host_count          |Hs|
 *     srv_count, dst_host_srv_count  |Ss|
 *     serror                         flag S0, S1, S2, S3 or SH
 *     rerror                         flag REJ, RSTO, RSTR or RSTOS0
 *     same_srv_rate                  |Hs and Ss| / |Hs|
 *     diff_srv_rate                  services in Hs, 0 if there is one only, / |Hs|
 *     srv_diff_host_rate             hosts in Ss, 0 if there is one only, / |Ss|
 *     same_src_port_rate             |those of Hs with the same port of the originator| / |Hs|
 *
 * A rate is a float32 quotient rounded to two decimals, half to even where it is exactly half. The
 * record holds the value that a reader of its text would get. All 494,021 rows of the 10 % set
 * agree with all of this.
 *
 * Records are in the order in which connections are decided, and T uses that time. KDD99 was sorted
 * by start afterwards; a live sensor has a connection's flag only when the connection has ended.
 * Files are read in the same way, so that the same traffic gives the same records live and from a
 * file.
 *
 * Work and memory do not depend on the traffic: counts are updated as records enter and leave.
 */

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/record/record.h"

struct gad_window;

enum { GAD_WINDOW_T_MAX = 511, GAD_WINDOW_H_MAX = 255 };
#define GAD_WINDOW_T_NS INT64_C(2000000000)

/* @key: of the hash of addresses, which peers choose; results do not depend on it. */
int gad_window_new(const uint64_t key[static 2], struct gad_window **ret) GAD_MUST_CHECK;
void gad_window_free(struct gad_window *w);
GAD_DEFINE_CLEANUP(struct gad_window, gad_window_free);

/**
 * gad_window_add() - sets a record's window features and adds the record to the windows
 * @decided: packet time. A time earlier than that of a previous record by 2 s or less counts as
 *           that time. A larger step back restarts T, so that one wrong clock does not stop the
 *           time of later records.
 * @r:       its service, flag, tuple and notes are read, columns 23 to 41 are set
 *
 * A record with the note interim or cut gets its features as if it were added, but is not: the
 * final record of the former follows, and the flag of the latter comes from the end of the capture.
 * Its time never steps back.
 */
void gad_window_add(struct gad_window *w, struct gad_time decided, struct gad_record *r);
