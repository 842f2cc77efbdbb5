/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Alerts as JSON, one object a line, keys in a fixed order:
 *
 *   schema event_type timestamp host event_id seq severity risk score p_value threshold [fpr_budget] model
 *   model_sha256 [src_ip src_port dest_ip dest_port proto] [community_id] [flow{start end}]
 *   top_features[{name value expected share}] features{41 columns}
 *
 * What is not known is left out. Names that Suricata's EVE has are used as it has them.
 */

#include <stdint.h>

struct alert;
struct gad_buf;

/* Appends the object without a line end; b->bad if it did not fit. */
void format_json_alert(const struct alert *a, struct gad_buf *b);

/* What a reader gets instead of alerts that it was too slow for. */
void format_json_loss(uint64_t lost, struct gad_buf *b);
