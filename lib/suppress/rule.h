/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A rule describes expected traffic: a record that meets all its conditions raises no alert.
 * Command lines, files and messages share one text form:
 *
 *     src=192.0.2.0/24 dport=80-90 proto=tcp service=http model=egbad score<12.5
 *         expires=2026-12-01T00:00:00Z comment="nightly backup"
 *
 *     src, dst, host   a network, IPv4 or IPv6; host: of either side
 *     sport, dport     a port or a range
 *     proto            tcp, udp, icmp, icmp6 or a number
 *     service          the KDD99 name
 *     model            the name in alerts
 *     score<N          only records with a lower score
 *     expires          RFC 3339, or +30min, +2h, +7d from now
 *     comment          printable UTF-8 in quotes; '"' and '\' are escaped by '\'
 *
 * Each field may appear once, in any order. At least one must be a condition (not expires or
 * comment).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"

struct gad_buf;
struct gad_diag;
struct gad_record;

enum { GAD_RULE_COMMENT = 201, GAD_RULE_MODEL = 72, GAD_RULE_TEXT = 1024 };

struct gad_network {
    uint8_t family;   /* 4, 6; 0: any address */
    uint8_t bits;     /* of the prefix */
    uint8_t addr[16]; /* network order; bits after the prefix are 0 */
};

/* Reads "192.0.2.0/24" or "2001:db8::1". Returns 0; GAD_EFORMAT; GAD_EINVAL: bits are set after the
 * prefix. */
int gad_network_parse(const char *text, struct gad_network *ret) GAD_MUST_CHECK;

/* Whether the network holds the address. @family: 4 (the address is in the first 4 bytes) or 6;
 * false for any other. */
bool gad_network_holds(const struct gad_network *n, uint8_t family, const uint8_t addr[static 16]);

struct gad_ports {
    bool is_set;
    uint16_t first, last;
};

struct gad_rule {
    struct gad_network src, dst, host;
    struct gad_ports sport, dport;
    int proto;                  /* -1: any */
    int service;                /* number of the service; GAD_RULE_ANY: any */
    char model[GAD_RULE_MODEL]; /* "": any */
    double score_below;         /* NaN: any */
    struct gad_time expires;    /* wall; 0: never */
    char comment[GAD_RULE_COMMENT];
};

enum { GAD_RULE_ANY = -2 };

/**
 * gad_rule_parse() - reads a rule from text
 * @now: base of a relative expiry; 0: a relative expiry is refused
 * Returns 0; GAD_EFORMAT, GAD_EINVAL, GAD_EUNKNOWN or GAD_ELIMIT, with the field and the reason in
 * @d.
 */
int gad_rule_parse(const char *text, size_t len, struct gad_time now, struct gad_rule *ret,
                   struct gad_diag *d) GAD_MUST_CHECK;

/* Appends the text form, at most GAD_RULE_TEXT bytes, which parses to the same rule. */
void gad_rule_write(const struct gad_rule *r, struct gad_buf *out);

/* Whether the record meets all conditions. An unknown address or port meets no condition. Ignores
 * expires. */
bool gad_rule_meets(const struct gad_rule *r, const struct gad_record *rec, const char *model,
                    float score);

/* Whether the conditions are equal. Expiry and comment are not conditions. */
bool gad_rule_same(const struct gad_rule *a, const struct gad_rule *b);
