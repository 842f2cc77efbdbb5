/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A finished connection becomes a record: 9 basic and 13 content features, and what is known of the connection.
 * The 19 window features need the records before it and are set by gad_window_add(), for connections of several
 * sources meet there.
 *
 * What holds of every record, as it does of KDD99's:
 *
 *     udp and icmp     flag SF, no content; icmp has no dst_bytes, its duration is 0
 *     RSTRH, SHR       are OTH, which KDD99 has and they are not
 *     REJ, SH, RSTOS0, OTH   nothing was said: no bytes, no content
 *     S0               its one side's bytes, if it sent some with its SYN, but nobody is logged in
 *     duration         whole seconds, cut; what it counts is told in lib/flow/conn.h
 *     land             ports are the same too, so never icmp
 *
 * A number above its column's largest becomes that: gad_record_check() likes every record that is made.
 */

#include <stdint.h>

struct gad_community_id;
struct gad_conn;
struct gad_record;
struct gad_services;

/**
 * gad_record_make() - all but the window features, which are 0
 * @id:  NULL: the record has none
 * @ret: overwritten
 */
void gad_record_make(const struct gad_services *s, struct gad_community_id *id,
                     const struct gad_conn *c, struct gad_record *ret);
