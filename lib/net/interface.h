/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Network interfaces of this machine: their names, and whether an interface can receive. */

#include <stddef.h>

enum gad_link {
    GAD_LINK_UNKNOWN, /* not known to the kernel: "any", or a source that is no network interface */
    GAD_LINK_UP,
    GAD_LINK_NO_CARRIER, /* up, but without a signal from the other end */
    GAD_LINK_DOWN,       /* not set up by the administrator */
    GAD_LINK_MISSING,    /* no interface has this name now */
};

/* Returns the state of an interface, by a few system calls. Thread-safe. */
enum gad_link gad_interface_link(const char *name);

/* Returns "up", "no carrier", "down", "missing"; "" for GAD_LINK_UNKNOWN. */
const char *gad_link_name(enum gad_link link);

enum { GAD_INTERFACE_LIST = 192 };

/* Writes the names of all interfaces, as "eth0, eth1, lo"; with "..." if not all fit, "none"
 * without any. */
void gad_interface_list(char text[static GAD_INTERFACE_LIST]);
