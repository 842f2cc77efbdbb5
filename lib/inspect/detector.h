/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Internal to lib/inspect: finds out what a connection is by its first bytes (detect.h), and then
 * runs a second inspection for it, beside the one for its port. So a sender who lies in the first
 * bytes cannot end or weaken the inspection of a named port.
 *
 * The second inspection begins as soon as one side fits one protocol only, with the bytes since the
 * beginning. It counts once both sides fit.
 */

#include "lib/inspect/detect.h"
#include "lib/inspect/scanner.h"

struct gad_detector {
    bool over;      /* found, or nothing can be found any more */
    bool runs;      /* second is fed */
    bool has_begun; /* a side has spoken */
    enum gad_way begins;
    enum gad_found found;
    uint8_t candidates; /* a bit for each of enum gad_found from GAD_FOUND_HTTP on */
    uint16_t n[GAD_N_WAYS];
    uint64_t skipped[GAD_N_WAYS]; /* bytes that were not kept, before the second inspection ran */
    bool at_line[GAD_N_WAYS];     /* the last of them ended a line */
    uint8_t first[GAD_N_WAYS][GAD_FIRST_MAX];
    struct gad_inspect second;
};

void gad_detector_init(struct gad_detector *d);
void gad_detector_bytes(struct gad_detector *d, enum gad_app by_port, enum gad_way way,
                        const uint8_t *p, size_t len);
void gad_detector_gap(struct gad_detector *d, enum gad_way way, uint64_t len);

/* Can later bytes change the result? */
bool gad_detector_can_change(const struct gad_detector *d);

/* Does it need no bytes of that way now? */
bool gad_detector_skips(const struct gad_detector *d, enum gad_way way);

/* The inspection for what was found; NULL: nothing, or what the port's inspection does too. */
const struct gad_inspect *gad_detector_second(const struct gad_detector *d);
