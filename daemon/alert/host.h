/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Addresses as things to count, and back. */

#include <stddef.h>
#include <stdint.h>

#include "daemon/alert/distinct.h"
#include "lib/event/incident.h"

/* @family: 4 or 6; @address: in network order, IPv4 in the first 4 bytes. */
struct thing host_thing(uint8_t family, const uint8_t address[static 16]);

/* Writes the most frequent hosts, at most @max, and returns their number. */
size_t host_top(const struct distinct *d, size_t max, struct gad_host_count *ret);
