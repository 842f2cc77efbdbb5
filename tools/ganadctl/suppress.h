/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of the command suppress: what it shows, what it asks about, and what it does without ganadd. */

#include <jansson.h>
#include <stdbool.h>

#include "lib/record/record.h"
#include "proto/ganad.pb-c.h"
#include "tools/ganadctl/ctl.h"

struct suppress {
    struct ctl *ctl;
    const char *file; /* of rules, to look into; NULL: ganadd is asked */
    bool json, colour, dry_run;
    json_t *list; /* with --json */
    size_t n;     /* rules shown as a table */
};

void suppress_show(struct suppress *s, const Ganad__V1__SuppressReply__Rule *r);
int suppress_finish(struct suppress *s); /* returns the exit code */

/* A connection that rules may expect. */
struct suppress_asked {
    struct gad_record rec;
    bool has_src, has_dst;
    const char *service, *model; /* of the words; "": not said */
    double score;
};

/* "src=192.0.2.4" and the like, which it takes apart. The exit code of a wrong one, else CTL_OK. */
int suppress_asked_parse(int n, char **word, struct suppress_asked *ret);

/* suppress_file.c: each returns the exit code. After a list suppress_finish() is the caller's. */
int suppress_file_list(struct suppress *s);
int suppress_file_test(struct suppress *s, const struct suppress_asked *a);
int suppress_file_check(struct suppress *s, const char *rule);
