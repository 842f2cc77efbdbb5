/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Addresses as things to count, and back. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/alert/distinct.h"
#include "lib/event/incident.h"

/* @family: 4 or 6; @address: in network order, IPv4 in the first 4 bytes. */
struct thing host_thing(uint8_t family, const uint8_t address[static 16]);

/* An address of private use (RFC 1918, RFC 4193), link-local or loopback. */
bool host_is_private(struct thing t);

/* Writes the most frequent hosts, at most @max, and returns their number. */
size_t host_top(const struct distinct *d, size_t max, struct gad_host_count *ret);
