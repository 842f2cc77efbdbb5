/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A rule that says what is expected: a record that meets all its conditions raises no alert. As text, on command lines,
 * in files and messages alike:
 *
 *     src=192.0.2.0/24 dport=80-90 proto=tcp service=http model=egbad score<12.5 expires=2026-12-01T00:00:00Z
 *         comment="nightly backup"
 *
 *     src, dst, host   a network, IPv4 or IPv6; host: of either side
 *     sport, dport     a port, or a range
 *     proto            tcp, udp, icmp or a number
 *     service          as KDD99 names it
 *     model            as alerts name it
 *     score<N          only records with a lower score
 *     expires          RFC 3339, or +30min, +2h, +7d from now
 *     comment          printable UTF-8 between quotes, in which '"' and '\' are escaped by '\'
 *
 * Each at most once, in any order; one of them that is a condition at least.
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
    uint8_t addr[16]; /* network order; bits behind the prefix are 0 */
};

/* "192.0.2.0/24", "2001:db8::1", with nothing behind the prefix. Return: 0; GAD_EFORMAT, GAD_EINVAL. */
int gad_network_parse(const char *text, struct gad_network *ret) GAD_MUST_CHECK;

/* Is the address in it? @family: 4, its address in the first 4 bytes, or 6; never for another one. */
bool gad_network_holds(const struct gad_network *n, uint8_t family, const uint8_t addr[static 16]);

struct gad_ports {
    bool is_set;
    uint16_t first, last;
};

struct gad_rule {
    struct gad_network src, dst, host;
    struct gad_ports sport, dport;
    int proto;                  /* -1: any */
    int service;                /* its number; GAD_RULE_ANY: any */
    char model[GAD_RULE_MODEL]; /* "": any */
    double score_below;         /* NaN: any */
    struct gad_time expires;    /* wall; 0: never */
    char comment[GAD_RULE_COMMENT];
};

enum { GAD_RULE_ANY = -2 };

/**
 * gad_rule_parse() - a rule from text
 * @now: for an expiry that is given as a time from now, which is refused if it is 0
 * Return: 0; GAD_EFORMAT, GAD_EINVAL, GAD_EUNKNOWN, GAD_ELIMIT with the field and the reason in @d.
 */
int gad_rule_parse(const char *text, size_t len, struct gad_time now, struct gad_rule *ret,
                   struct gad_diag *d) GAD_MUST_CHECK;

/* The same rule as text that parses to it, at most GAD_RULE_TEXT bytes. */
void gad_rule_write(const struct gad_rule *r, struct gad_buf *out);

/* Does the record meet all conditions? An address or port that is not known meets none. Does not look at expires. */
bool gad_rule_meets(const struct gad_rule *r, const struct gad_record *rec, const char *model,
                    float score);

/* Are the conditions the same? Expiry and comment are none. */
bool gad_rule_same(const struct gad_rule *a, const struct gad_rule *b);
