/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Timers of flows. Time is divided into ticks of 2^23 ns (8.4 ms); a ring of slots holds the flows
 * of the next 550 s. A flow is in the slot of a tick that is not after its deadline. A packet moves
 * the deadline and leaves the flow in its slot; at the tick, a flow that is not due is moved to a
 * later slot. So a packet costs nothing here, and a flow is touched once in an idle time.
 *
 * A flow also comes up when its interim record is due, which can be before its deadline. The caller
 * then adds it again.
 *
 * A deadline counts as reached at the end of its tick. Attempts have their own slots, so that the
 * oldest attempt is found at once when a flow must be evicted.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/flow/flow.h"
#include "lib/flow/interim.h"

enum {
    GAD_WHEEL_TICK_SHIFT = 23,
    GAD_WHEEL_SLOTS = 1 << 16,
    GAD_WHEEL_LANES = 2, /* attempts, the rest */
};

struct gad_wheel {
    struct gad_flow *flows; /* the table's */
    uint64_t cursor;        /* ticks before this one have expired */
    uint32_t due;           /* flows of the last tick that were not yet returned, by next */
    size_t n_flows;
    struct gad_wheel_lane *lanes;
    struct gad_interims interims;
};

int gad_wheel_init(struct gad_wheel *w, struct gad_flow *flows) GAD_MUST_CHECK;
void gad_wheel_deinit(struct gad_wheel *w);

/* The tick at whose end a deadline counts as reached; and that end, ns. */
static inline uint64_t gad_wheel_tick(int64_t due)
{
    uint64_t mask = ((uint64_t)1 << GAD_WHEEL_TICK_SHIFT) - 1;
    return ((uint64_t)due + mask) >> GAD_WHEEL_TICK_SHIFT;
}

static inline int64_t gad_wheel_end(uint64_t tick)
{
    return (int64_t)(tick << GAD_WHEEL_TICK_SHIFT);
}

/* Adds a flow by its due, its next interim record and its timing. */
void gad_wheel_add(struct gad_wheel *w, uint32_t flow);
void gad_wheel_remove(struct gad_wheel *w, uint32_t flow);

/* After a change of due or timing: moves the flow only if the wheel would find it too late. */
void gad_wheel_update(struct gad_wheel *w, uint32_t flow);

/**
 * gad_wheel_next() - removes and returns the next flow that is due, or its interim record
 * @until: a tick; flows due after its end stay
 *
 * Flows are returned tick by tick, those of one tick in order of due, last packet, number. The
 * cursor follows.
 * Return: the flow; 0 if no flow is due, and the cursor is then behind `until`.
 */
uint32_t gad_wheel_next(struct gad_wheel *w, uint64_t until);

/* Whether a flow that gad_wheel_next() returned has not reached its deadline. */
static inline bool gad_wheel_is_interim(const struct gad_wheel *w, uint32_t flow)
{
    return gad_wheel_tick(w->flows[flow].due) >= w->cursor;
}

/* Returns the flow to evict: the oldest attempt, else the flow that would end soonest, as far as
 * a bounded search finds it and its deadline is on the wheel. 0: the wheel is empty. */
uint32_t gad_wheel_victim(struct gad_wheel *w);
