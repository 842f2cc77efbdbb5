/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes captures and prints the results for their frames. Usage: captures [-v] [-c
 * ignore|verify|auto] [-t DEPTH] [-f FILTER] [FILE|DIRECTORY...]; "-" is the standard input.
 * Without a file it reads every capture of the public data sets. Files that are not captures, and
 * broken ones, are counted. The test is that the library survives them, and that its counters add
 * up.
 */

#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/net/decode.h"
#include "lib/net/source.h"
#include "tests/unit/data.h"

enum { FRAMES_AT_ONCE = 256, DATAGRAMS = 256 };

static const char *const directories[] = {"pcap/tcpdump", "pcap/libpcap", "pcap/zeek", "pcap/ndpi",
                                          "pcap/suricata"};

/* nftw() has no argument for its callback, so the state of the callback is here. */
static struct run {
    struct gad_decoder_options decoder;
    struct gad_source_options source;
    bool verbose, failed;
    uint64_t files, refused, broken, truncated;
    struct gad_net_stats total;
} run = {.decoder.datagrams = DATAGRAMS}; /* a table for each file */

struct job {
    struct gad_decoder *dec;
    const struct gad_source *source;
    uint64_t packets, sum; /* sum: so that the bytes are read */
    bool failed;
};

static void check_packet(void *arg, const struct gad_packet *p)
{
    struct job *j = arg;

    j->packets++;
    j->failed |= p->data_len > p->len || p->tunnels > GAD_TUNNELS_MAX;
    j->failed |= p->tuple.family != 4 && p->tuple.family != 6;
    for (size_t i = 0; i < p->data_len; i += 64)
        j->sum += p->data[i];
}

static void decode(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    struct job *j = arg;
    gad_decode(j->dec, gad_source_link_type(j->source), time, frame, caplen, len, check_packet, j);
}

static void add_up(const struct gad_net_stats *s)
{
    run.total.frames += s->frames;
    run.total.bytes += s->bytes;
    for (int f = 0; f < GAD_N_NET_FATES; f++)
        run.total.fate[f] += s->fate[f];
    run.total.checksums_checked += s->checksums_checked;
    run.total.checksums_bad += s->checksums_bad;
    run.total.checksums_offloaded += s->checksums_offloaded;
    run.total.checksums_undecided += s->checksums_undecided;
    run.total.checksum_senders_rejudged += s->checksum_senders_rejudged;
    run.total.datagrams += s->datagrams;
    run.total.datagrams_whole += s->datagrams_whole;
    run.total.datagrams_timed_out += s->datagrams_timed_out;
    run.total.datagrams_evicted += s->datagrams_evicted;
    run.total.fragments_wrong += s->fragments_wrong;
    run.total.fragments_repeated += s->fragments_repeated;
    run.total.fragments_conflicting += s->fragments_conflicting;
}

static void print(const char *name, const struct gad_net_stats *s)
{
    printf("%s: %" PRIu64 " frames", name, s->frames);
    for (int f = 0; f < GAD_N_NET_FATES; f++)
        if (s->fate[f] > 0)
            printf(", %" PRIu64 " %s", s->fate[f], gad_net_reason_name((enum gad_net_fate)f));
    if (s->checksums_checked > 0)
        printf("; %" PRIu64 " of %" PRIu64 " sums bad, %" PRIu64 " by offload, %" PRIu64
               " undecided; %" PRIu64 " senders judged again",
               s->checksums_bad, s->checksums_checked, s->checksums_offloaded,
               s->checksums_undecided, s->checksum_senders_rejudged);
    if (s->datagrams > 0)
        printf("; %" PRIu64 " datagrams: %" PRIu64 " whole, %" PRIu64 " late, %" PRIu64
               " evicted; %" PRIu64 " wrong, %" PRIu64 " repeated, %" PRIu64 " conflicting",
               s->datagrams, s->datagrams_whole, s->datagrams_timed_out, s->datagrams_evicted,
               s->fragments_wrong, s->fragments_repeated, s->fragments_conflicting);
    printf("\n");
}

static int one_file(const char *path)
{
    gad_cleanup(gad_source_closep) struct gad_source *s = NULL;
    gad_cleanup(gad_decoder_freep) struct gad_decoder *dec = NULL;
    struct gad_diag d = {.text = ""};
    struct gad_source_stats stats;
    int r;

    run.files++;
    if (gad_source_open_file(path, &run.source, &s, &d) != 0) {
        run.refused++;
        if (run.verbose)
            printf("%s\n", d.text);
        return 0;
    }
    if (gad_decoder_new(&run.decoder, &dec) != 0)
        return -1;
    struct job j = {.dec = dec, .source = s};
    do
        r = gad_source_read(s, FRAMES_AT_ONCE, decode, &j, &d);
    while (r == GAD_MORE);
    gad_decoder_flush(dec, check_packet, &j);
    const struct gad_net_stats *n = gad_decoder_stats(dec);
    gad_source_stats(s, &stats);

    run.broken += r < 0 || stats.damaged;
    run.truncated += stats.truncated;
    j.failed |= n->frames != stats.frames || n->fate[GAD_NET_PACKET] != j.packets;
    j.failed |= n->fate[GAD_NET_HELD] != 0 ||
                n->frames != j.packets + n->fate[GAD_NET_JOINED] + gad_net_refused(n);
    if (j.failed)
        fprintf(stderr, "%s: the counters do not add up, or a packet is impossible\n", path);
    if (run.verbose || j.failed)
        print(path, n);
    if (run.verbose && d.text[0])
        printf("%s\n", d.text);
    run.failed |= j.failed;
    add_up(n);
    return 0;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)f;
    return type == FTW_F ? one_file(path) : 0;
}

static bool read_options(int argc, char **argv)
{
    for (int c; (c = getopt(argc, argv, "vc:t:f:")) != -1;) {
        if (c == 'v')
            run.verbose = true;
        else if (c == 'c')
            run.decoder.checksums = optarg[0] == 'a'   ? GAD_CHECKSUMS_AUTO
                                    : optarg[0] == 'v' ? GAD_CHECKSUMS_VERIFY
                                                       : GAD_CHECKSUMS_IGNORE;
        else if (c == 't') {
            run.decoder.tunnels = (unsigned)(optarg[0] - '0') % (GAD_TUNNELS_MAX + 1);
            run.decoder.tunnel_kinds = GAD_TUNNELS_ALL;
        } else if (c == 'f')
            run.source.filter = optarg;
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    char path[DATA_PATH_MAX];

    if (!read_options(argc, argv)) {
        fprintf(stderr, "usage: %s [-v] [-c ignore|verify|auto] [-t DEPTH] [-f FILTER] [FILE...]\n",
                argv[0]);
        return 2;
    }
    for (int i = optind; i < argc; i++)
        if (strcmp(argv[i], "-") == 0 ? one_file("-") : nftw(argv[i], visit, 16, FTW_PHYS))
            return 2;
    for (size_t i = 0; optind == argc && i < sizeof(directories) / sizeof(*directories); i++) {
        if (!find_data(directories[i], path))
            return TEST_SKIPPED;
        if (nftw(path, visit, 16, FTW_PHYS) != 0)
            return 2;
    }
    printf("%" PRIu64 " files: %" PRIu64 " refused, %" PRIu64 " broken, %" PRIu64 " truncated\n",
           run.files, run.refused, run.broken, run.truncated);
    print("all", &run.total);
    return run.failed;
}
