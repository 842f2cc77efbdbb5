/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Community ID version 1: one short text for both directions of a connection, the same in every
 * tool that sees the same traffic with the same seed. SHA-1 over seed, addresses, protocol and
 * ports, the lesser endpoint first. For ICMP, types take the place of ports, and a message whose
 * type has no counterpart keeps its direction.
 *
 * The format prescribes SHA-1; nothing here depends on its strength.
 *
 * Source: https://github.com/corelight/community-id-spec
 */

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/tuple.h"
#include "lib/record/record.h"

struct gad_community_id;

int gad_community_id_new(uint16_t seed, struct gad_community_id **ret) GAD_MUST_CHECK;
void gad_community_id_free(struct gad_community_id *c);
GAD_DEFINE_CLEANUP(struct gad_community_id, gad_community_id_free);

/**
 * gad_community_id_text() - writes an ID, such as "1:LQU9qZlK+B5F3KDmev6m5PMibrg="
 * @t: of a connection or of a packet of either direction; ports count only for TCP, UDP and SCTP
 *
 * Allocates nothing. Writes "" if the family is not known or the hash failed, as it does where
 * SHA-1 is forbidden.
 */
void gad_community_id_text(struct gad_community_id *c, const struct gad_tuple *t, uint8_t icmp_type,
                           uint8_t icmp_code, char text[static GAD_COMMUNITY_ID_TEXT]);

/* Computes the ID of a record whose ID follows. It takes longer than all else in the record, so
 * only those get it that are written or raise an alert. */
void gad_record_identify(struct gad_community_id *c, struct gad_record *r);
