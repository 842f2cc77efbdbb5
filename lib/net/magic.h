/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the first bytes of a file say: is it a capture, as lib/net/source.h reads them? */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/**
 * gad_magic_is_capture() - pcap or pcapng, plain or within gzip
 * @p: the first (len) bytes; if they are gzip's it is the first that are packed which say
 * @ret: false, too, for bytes that cannot be unpacked
 * Return: 0; GAD_MORE: it needs more bytes; GAD_ENOMEM. If there are no more, it is none.
 */
int gad_magic_is_capture(const void *p, size_t len, bool *ret) GAD_MUST_CHECK;
