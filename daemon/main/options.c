/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/options.h"

#include <getopt.h>
#include <stdio.h>

#include "daemon/config/config.h"

static const char help[] =
    "Usage: ganadd [-c FILE] [-r CAPTURE]... [-t] [--dump-config]\n"
    "\n"
    "Scores connections, given as records on its socket or captured as packets, and raises "
    "alerts for\n"
    "anomalous ones.\n"
    "\n"
    "  -c, --config FILE   configuration file (" CONFIG_FILE "); FILE.d/*.conf are read after it\n"
    "  -r, --read CAPTURE  read a capture file (- is the standard input) or a directory of them,\n"
    "                      raise alerts for its connections, open only the [metrics] socket, and\n"
    "                      exit; several captures are merged by time\n"
    "  -t, --test          check the configuration and its checkpoints, and exit\n"
    "      --dump-config   print every value and its source, and exit\n"
    "      --help          print this text\n"
    "      --version       print the version\n"
    "\n"
    "See ganadd(8); ganadd.conf(5) explains every key.\n";

enum { OPT_DUMP = 256, OPT_HELP, OPT_VERSION };

enum options_result options_parse(int argc, char **argv, struct options *ret)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"read", required_argument, NULL, 'r'},
        {"dump-config", no_argument, NULL, OPT_DUMP},
        {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},
        {NULL, 0, NULL, 0},
    };
    struct options o = {.file = CONFIG_FILE};
    int c;

    while ((c = getopt_long(argc, argv, "c:r:t", longs, NULL)) != -1) {
        switch (c) {
        case 'c':
            o.file = optarg;
            break;
        case 'r':
            if (o.n_read == OPTIONS_READ_MAX) {
                (void)fprintf(stderr, "ganadd: -r: at most %d captures at a time\n",
                              OPTIONS_READ_MAX);
                return OPTIONS_WRONG;
            }
            o.read[o.n_read++] = optarg;
            break;
        case 't':
            o.test = true;
            break;
        case OPT_DUMP:
            o.dump = true;
            break;
        case OPT_HELP:
            (void)fputs(help, stdout);
            return OPTIONS_DONE;
        case OPT_VERSION:
            (void)puts("ganadd " GANAD_VERSION);
            return OPTIONS_DONE;
        default:
            (void)fputs("ganadd: try 'ganadd --help'\n", stderr);
            return OPTIONS_WRONG;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "ganadd: '%s' is not an option; try 'ganadd --help'\n", argv[optind]);
        return OPTIONS_WRONG;
    }
    *ret = o;
    return OPTIONS_RUN;
}
