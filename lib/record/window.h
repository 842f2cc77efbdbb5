/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The 19 features of a record that look at the records before it (columns 23 to 41). Two windows, both over all
 * hosts and both with the record itself in them:
 *
 *     T  those of the last 2 s (2 s ago to the nanosecond is in it), but the last 511 at most: columns 23 to 31
 *     H  the last 255: columns 32 to 41
 *
 * Same host is the same responder, same service the same name, on any host. With Hs the window's records of the
 * same host and Ss those of the same service:
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
 * A rate is a float32 quotient rounded to two decimals, half to even where it is exactly half, and stands in the
 * record as a reader of its text would have it. The 10 % set holds all of this in all 494,021 rows.
 *
 * "Before" is the order in which connections are decided, and so is the time that T looks at. KDD99 sorted by
 * start with hindsight; a live sensor knows a connection's flag only when it is over, and so that the same
 * traffic gives the same records live and from a file, files are read the same way.
 *
 * Work and memory are the same whatever the traffic: counts are kept as records come and go.
 */

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/record/record.h"

struct gad_window;

enum { GAD_WINDOW_T_MAX = 511, GAD_WINDOW_H_MAX = 255 };
#define GAD_WINDOW_T_NS INT64_C(2000000000)

/* @key: of the tables that hold addresses, which strangers choose; results do not depend on it. */
int gad_window_new(const uint64_t key[static 2], struct gad_window **ret) GAD_MUST_CHECK;
void gad_window_free(struct gad_window *w);
GAD_DEFINE_CLEANUP(struct gad_window, gad_window_free);

/**
 * gad_window_add() - set a record's window features, and remember it for those that follow
 * @decided: packet time. One that is earlier than a record's before by 2 s or less counts as that; a step further
 *           back begins T anew, so that one wrong clock does not stop the time for what follows.
 * @r:       its service, flag and tuple are read, columns 23 to 41 are set
 */
void gad_window_add(struct gad_window *w, struct gad_time decided, struct gad_record *r);
