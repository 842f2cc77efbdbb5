/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The names of a struct of uint64_t counters, one line for each. Status, metrics, the stats event,
 * the blind event and the summary of extract all follow the table, so a counter that is in it is
 * visible everywhere.
 */

#include <stddef.h>
#include <stdint.h>

enum gad_counter_kind {
    GAD_COUNTER_PLAIN, /* rises */
    GAD_COUNTER_GAUGE, /* a current value */
    GAD_COUNTER_DOUBT, /* rises: dropped, guessed, cut, repaired; the summary of extract shows it */
    GAD_COUNTER_BLIND, /* rises, as above: traffic that the sensor could not see; ganadd reports it
                          in an event */
};

struct gad_counter_item {
    const char *name; /* unique over all tables, less than 40 bytes of [a-z0-9_] */
    const char *help; /* one line, no full stop */
    size_t at;        /* offset in the struct */
    enum gad_counter_kind kind;
};

/* @s: the struct of the table. */
uint64_t gad_counter_get(const void *s, const struct gad_counter_item *i);

/* Adds the n counters of @one to those of @sum. */
void gad_counters_add(void *sum, const void *one, const struct gad_counter_item *i, size_t n);
/* Subtracts the n counters of @one, which @sum contains. */
void gad_counters_subtract(void *sum, const void *one, const struct gad_counter_item *i, size_t n);
