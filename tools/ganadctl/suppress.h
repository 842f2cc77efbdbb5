/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parts of the command suppress: showing rules, parsing a connection, and work without ganadd. */

#include <jansson.h>
#include <stdbool.h>

#include "lib/record/record.h"
#include "proto/ganad.pb-c.h"

struct suppress {
    const char *file; /* of rules, to read; NULL: ganadd is asked */
    bool json, colour, dry_run;
    json_t *list; /* with --json */
    size_t n;     /* rules shown as a table */
};

/* Prints one rule, or adds it to the list of --json. */
void suppress_show(struct suppress *s, const Ganad__V1__SuppressReply__Rule *r);

/* Prints the list of --json and flushes stdout. Returns the exit code. */
int suppress_finish(struct suppress *s);

/* A connection to test the rules with. */
struct suppress_asked {
    struct gad_record rec;
    bool has_src, has_dst;
    const char *service, *model; /* borrowed from the words; "": any */
    double score;
};

/* Parses words such as "src=192.0.2.4", in place. Returns CLI_OK, or CLI_USAGE after a message. */
int suppress_asked_parse(int n, char **word, struct suppress_asked *ret);

/* Without ganadd. Each returns the exit code. The caller calls suppress_finish() after a list. */
int suppress_file_list(struct suppress *s);
int suppress_file_test(struct suppress *s, const struct suppress_asked *a);
int suppress_file_check(struct suppress *s, const char *rule);
