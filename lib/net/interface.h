/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Network interfaces of this machine: which there are, and whether one can receive anything. */

#include <stddef.h>

enum gad_link {
    GAD_LINK_UNKNOWN, /* the kernel does not say: "any", or what is no network interface */
    GAD_LINK_UP,
    GAD_LINK_NO_CARRIER, /* up, but there is no signal, or the other end is down */
    GAD_LINK_DOWN,       /* the administrator has not set it up */
    GAD_LINK_MISSING,    /* there is no interface of this name now */
};

/* The state of an interface now, in a few system calls. Thread-safe. */
enum gad_link gad_interface_link(const char *name);

/* "up", "no carrier", "down", "missing"; "" for GAD_LINK_UNKNOWN. */
const char *gad_link_name(enum gad_link link);

enum { GAD_INTERFACE_LIST = 192 };

/* The names of the interfaces there are, as "eth0, eth1, lo"; "..." at the end if there are more. "none" if none. */
void gad_interface_list(char text[static GAD_INTERFACE_LIST]);
