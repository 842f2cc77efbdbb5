/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command extract, which ganadctl and ganad-train both have and which writes the same bytes in both: captures to
 * records.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/dataset/record_text.h"
#include "tools/common/capture_options.h"

enum extract_exit {
    EXTRACT_OK = 0,
    EXTRACT_FAILED = 1,
    EXTRACT_USAGE = 2,
    EXTRACT_HELP = -1, /* of extract_parse() alone: -h was given */
};

#define EXTRACT_ARGUMENTS "[OPTION...] PCAP|FOLDER|-..."
#define EXTRACT_SUMMARY   "connection records, with all 41 features, from captured packets"

/* The options, and what comes out. */
#define EXTRACT_HELP_OPTIONS                                                                       \
    "  -o, --out FILE           not to the standard output; the file is there as a whole or not "  \
    "at all\n"                                                                                     \
    "  --format csv|ndjson      as the KDD99 files, 41 columns without a head (csv), or an "       \
    "object a line\n"                                                                              \
    "  --label NAME             one column more, the label of all of them: normal\n"               \
    "  --with-connection        addresses, ports, times and Community ID behind the columns\n"     \
    "  --head                   csv: the names of the columns in the first line, by which fit "    \
    "and score\n"                                                                                  \
    "                           take files with the connection too\n" CAPTURE_HELP_OPTIONS         \
    "  --merge                  the inputs are captures of the same time from several places\n"    \
    "\n"                                                                                           \
    "The inputs, pcap or pcapng, plain or gzip, are read one after the other as one capture; of "  \
    "a "                                                                                           \
    "folder\n"                                                                                     \
    "all its files in the order in which they were written. Records come in the order in which "   \
    "connections "                                                                                 \
    "ended.\n"                                                                                     \
    "Counters are on stderr. A file that is cut off gives what it has, and a warning.\n"

struct extract {
    char *const *input; /* files, folders or "-", n_inputs of them */
    size_t n_inputs;
    struct gad_record_form form;
    bool head; /* the names of the columns come first */
    struct capture_options capture;
    const char *out; /* or NULL */
    bool merge;      /* each input is a place of its own */
};

/**
 * extract_parse() - options and arguments; @argv[0] stands in getopt's messages
 * @ret: extract_deinit() also after a failure
 * Return: EXTRACT_OK; EXTRACT_HELP; EXTRACT_USAGE with @d saying why, unless getopt did.
 */
int extract_parse(int argc, char **argv, struct extract *ret, struct gad_diag *d);

typedef void extract_say_fn(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Reads, writes, and tells what came of it on stderr. @say: a line with the program's name before it.
 * Return: EXTRACT_OK or EXTRACT_FAILED. */
int extract_run(const struct extract *e, extract_say_fn *say);

void extract_deinit(struct extract *e);
