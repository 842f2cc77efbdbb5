/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/table.h"

#define AT(field) offsetof(struct gad_flow_counters, field)

/* clang-format off */
const struct gad_counter_item gad_flow_counters[] = {
    {"flow_packets", "packets that the flow table took", AT(packets), GAD_COUNTER_PLAIN},
    {"flow_not_counted", "of these, neither TCP, UDP nor ICMP", AT(not_counted),
     GAD_COUNTER_PLAIN},
    {"flow_bad_checksums", "of these, dropped for a wrong checksum", AT(bad_checksums),
     GAD_COUNTER_DOUBT},
    {"flow_clock_back", "packets older than one before them", AT(clock_back), GAD_COUNTER_PLAIN},
    {"flow_clock_reset", "times that the clock of the packets was set back", AT(clock_reset),
     GAD_COUNTER_DOUBT},
    {"flow_begun", "connections begun", AT(begun), GAD_COUNTER_PLAIN},
    {"flow_ended", "connections ended", AT(ended), GAD_COUNTER_PLAIN},
    {"flow_evicted", "of these, ended early by max_flows", AT(evicted), GAD_COUNTER_BLIND},
    {"flow_reused", "of these, ended by the next connection on their ports", AT(reused),
     GAD_COUNTER_PLAIN},
    {"flow_cut", "of these, open at the end of the input", AT(cut), GAD_COUNTER_DOUBT},
    {"flow_answered", "of these, UDP exchanges that had their answer", AT(answered),
     GAD_COUNTER_PLAIN},
    {"flow_interims", "interim records of connections that last", AT(interims),
     GAD_COUNTER_PLAIN},
    {"flow_flows", "open connections", AT(flows), GAD_COUNTER_GAUGE},
    {"flow_flows_most", "the most connections that were open at once", AT(flows_most),
     GAD_COUNTER_GAUGE},
    {"flow_guessed", "connections without a handshake, whose originator is a guess", AT(guessed),
     GAD_COUNTER_DOUBT},
    {"flow_out_of_window", "TCP packets of wrong numbers", AT(out_of_window), GAD_COUNTER_DOUBT},
    {"flow_resets_wrong", "of these, RST", AT(resets_wrong), GAD_COUNTER_DOUBT},
    {"flow_syns_wrong", "of these, SYN that do not belong to the connection", AT(syns_wrong),
     GAD_COUNTER_DOUBT},
    {"flow_dropped", "TCP packets that their receiver drops: not inspected", AT(dropped),
     GAD_COUNTER_DOUBT},
    {"flow_resets_revoked", "connections that continued after a RST", AT(resets_revoked),
     GAD_COUNTER_DOUBT},
    {"flow_late", "packets of connections that had ended", AT(late), GAD_COUNTER_PLAIN},
    {"flow_linger_evicted", "ended connections that were forgotten too early",
     AT(linger_evicted), GAD_COUNTER_DOUBT},
    {"flow_inspected", "connections whose payload was inspected", AT(inspected),
     GAD_COUNTER_PLAIN},
    {"flow_inspect_refused", "connections not inspected for lack of memory", AT(inspect_refused),
     GAD_COUNTER_BLIND},
    {"flow_inspect_cut", "connections longer than the limit of inspection", AT(inspect_cut),
     GAD_COUNTER_DOUBT},
    {"flow_inspect_memory", "bytes that inspection uses", AT(inspect_memory), GAD_COUNTER_GAUGE},
    {"flow_gaps", "gaps in the payload of inspected connections", AT(gaps), GAD_COUNTER_PLAIN},
    {"flow_gap_bytes", "bytes that are missing there", AT(gap_bytes), GAD_COUNTER_DOUBT},
};
/* clang-format on */

_Static_assert(sizeof(gad_flow_counters) / sizeof(gad_flow_counters[0]) == GAD_FLOW_COUNTERS,
               "each counter of struct gad_flow_counters has a line above");
