/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Converts a finished connection to a record: 9 basic and 13 content features, and the data of the
 * connection. The 19 window features depend on earlier records; gad_window_add() sets them, where
 * connections of several sources are merged.
 *
 * True for every record, as for KDD99's:
 *
 *     udp and icmp     flag SF, no content; icmp has no dst_bytes, its duration is 0
 *     RSTRH, SHR       are OTH, which KDD99 has instead
 *     REJ, SH, RSTOS0, OTH   no bytes, no content
 *     S0               bytes of its one side, if its SYN carried data; logged_in is 0
 *     interim          an open connection (S1, S2, S3) is SF, as if it closed now: models learn
 *                      from finished connections, and S1 would only say that it is not finished
 *     duration         whole seconds, rounded down; defined in lib/flow/conn.h
 *     land             ports are equal too, so never icmp
 *
 * A number above its column's maximum becomes the maximum: gad_record_check() accepts every record.
 */

#include <stdint.h>

struct gad_conn;
struct gad_record;
struct gad_services;

/* Sets all of @ret but the window features, which are 0, and the Community ID, which follows. */
void gad_record_make(const struct gad_services *s, const struct gad_conn *c,
                     struct gad_record *ret);
