/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures to records under damage, through all stages. It truncates ten captures at each of their
 * bytes, makes each allocation fail in turn for the ten, and reads every broken capture of the
 * public sets. The test is that a sanitizer finds nothing, that the counters add up, and that
 * complete data gives the same records.
 *
 * Usage: damage [-s STRIDE] [cut|memory|broken]...; without a name all three. With a stride only
 * every STRIDE-th byte is a place of truncation.
 */

#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/record/extractor.h"
#include "tests/unit/data.h"

/* Small ones, so that each byte is tested: content of five protocols, fragments, tunnels,
 * pcapng, gzip. */
static const char *const ten[] = {
    "pcap/ndpi/pcap/telnet.pcap",
    "pcap/ndpi/pcap/ftp_failed.pcap",
    "pcap/zeek/ftp/ftp-password-pass-command.pcap",
    "pcap/suricata/pcap/smtp-quit.pcap",
    "pcap/ndpi/pcap/rsh-syslog-false-positive.pcap",
    "pcap/zeek/http/query-method-non-standard-port.pcap",
    "pcap/suricata/pcap/geneve-decoder.pcap",
    "pcap/suricata/pcap/exception-policy-defrag-01.pcap",
    "pcap/zeek/ldap/gap-data-missing.pcapng", /* two interfaces */
    "pcap/zeek/smtp/mime-header-size-limit.pcap.gz",
};
static const char *const broken_sets[] = {"pcap/tcpdump", "pcap/libpcap"};

enum { N_TEN = sizeof(ten) / sizeof(*ten), FILE_CAP = 1 << 20 };

struct outcome {
    int r; /* GAD_END, or the error */
    uint64_t frames, records, sum;
};

static uint64_t n_runs, n_failed;
static uint64_t stride = 1;

static void complain(const char *path, const char *what, long at)
{
    fprintf(stderr, "%s: %s (at %ld)\n", path, what, at);
    n_failed++;
}

static int on_record(void *arg, struct gad_time decided, const struct gad_record *r)
{
    struct outcome *o = arg;

    o->records++;
    o->sum = o->sum * 1099511628211u + (uint64_t)decided.ns;
    for (size_t i = 0; i < GAD_N_COLUMNS; i++)
        o->sum = o->sum * 1099511628211u + (uint64_t)(r->v[i] * 100.0);
    return 0;
}

static bool adds_up(const struct gad_extractor *x, const struct outcome *o)
{
    struct gad_net_stats net = gad_extractor_net(x, 0);
    struct gad_flow_counters flow = gad_extractor_flow(x, 0);

    return net.frames == net.fate[GAD_NET_PACKET] + net.fate[GAD_NET_JOINED] +
                             net.fate[GAD_NET_HELD] + gad_net_refused(&net) &&
           flow.begun == flow.ended + flow.flows &&
           (o->r != GAD_END || (flow.flows == 0 && o->records <= flow.ended));
}

/* Small tables, because there are tens of thousands of runs; tunnels are opened and checksums
 * verified, to reach more code. */
static struct outcome run(const char *path, long at)
{
    struct gad_extractor_options opt = gad_extractor_defaults();
    struct outcome o = {0};
    struct gad_diag d = {""};
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = NULL;

    n_runs++;
    opt.flow.max_flows = 64;
    opt.decoder.datagrams = 16;
    opt.decoder.tunnels = GAD_TUNNELS_MAX;
    opt.decoder.checksums = GAD_CHECKSUMS_AUTO;
    opt.community_id = true;
    o.r = gad_extractor_new(&opt, 1, &x, &d);
    if (o.r == 0)
        o.r = gad_extractor_add(x, 0, path, false);
    if (o.r == 0)
        o.r = GAD_MORE;
    while (o.r == GAD_MORE)
        o.r = gad_extractor_step(x, on_record, &o, &d);
    if (!x)
        return o;
    o.frames = gad_extractor_net(x, 0).frames;
    if (!adds_up(x, &o))
        complain(path, "the counters do not add up", at);
    if (o.r < 0 && o.r != GAD_ENOMEM && !strstr(d.text, path))
        complain(path, "an error that does not name the file", at);
    return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->r == b->r && a->frames == b->frames && a->records == b->records && a->sum == b->sum;
}

/* From the end to the start: the number of frames can only decrease. */
static void cut(const char *path)
{
    char name[] = "/tmp/ganad-damage-XXXXXX";
    uint8_t *content = NULL;
    size_t len = 0;
    struct gad_diag d = {""};
    int fd = mkstemp(name);

    if (fd < 0 || gad_file_read(path, FILE_CAP, &content, &len, &d) != 0 ||
        write(fd, content, len) != (ssize_t)len) {
        complain(path, d.text, -1);
    } else {
        struct outcome whole = run(path, -1), last = run(name, -1);
        if (!same(&whole, &last) || whole.r != GAD_END || whole.frames == 0)
            complain(path, "does not come out", -1);
        for (size_t n = len; n > 0;) {
            n -= n < stride ? n : stride;
            if (ftruncate(fd, (off_t)n) != 0)
                break;
            struct outcome o = run(name, (long)n);
            if (o.frames > last.frames || (o.r != GAD_END && o.r >= 0))
                complain(path, "more comes out of less", (long)n);
            last = o;
        }
        if (last.r >= 0)
            complain(path, "an empty file is a capture", 0);
    }
    gad_free(content);
    (void)close(fd);
    (void)unlink(name);
}

/* The k-th allocation fails, for each k: an error, or a run without the function of that memory
 * (inspection). */
static void memory(const char *path)
{
    struct outcome whole = run(path, -1);
    uint64_t n_errors = 0;

    (void)gad_mem_fail_at(0);
    (void)run(path, -1);
    long n = gad_mem_fail_at(0);
    for (long k = 1; k <= n + 1; k++) {
        (void)gad_mem_fail_at(k);
        struct outcome o = run(path, k);
        (void)gad_mem_fail_at(0);
        n_errors += o.r == GAD_ENOMEM;
        if (o.r != GAD_ENOMEM && o.r != GAD_END)
            complain(path, "no memory gives another error", k);
        if (k > n && !same(&o, &whole))
            complain(path, "there was memory, and other records came out", k);
    }
    if (n_errors == 0)
        complain(path, "no allocation that failed was missed", n);
}

static int broken(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)f;
    if (type == FTW_F) {
        struct outcome a = run(path, -1), b = run(path, -1);
        if (!same(&a, &b))
            complain(path, "comes out otherwise the second time", -1);
    }
    return 0;
}

static bool wanted(int argc, char **argv, const char *name)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc == 0;
}

static bool of_ten(const char *name, void (*fn)(const char *path))
{
    char path[DATA_PATH_MAX];
    uint64_t before = n_runs;

    for (size_t i = 0; i < N_TEN; i++) {
        if (!find_data(ten[i], path))
            return false;
        fn(path);
    }
    printf("%s: %llu runs\n", name, (unsigned long long)(n_runs - before));
    return true;
}

int main(int argc, char **argv)
{
    char path[DATA_PATH_MAX];
    int c = getopt(argc, argv, "s:");

    if (c != -1 && (c != 's' || gad_text_u64(optarg, strlen(optarg), FILE_CAP, &stride) != 0))
        stride = 0;
    if (stride == 0) {
        fprintf(stderr, "usage: %s [-s STRIDE] [cut|memory|broken]...\n", argv[0]);
        return 2;
    }
    argc -= optind;
    argv += optind;
    if (wanted(argc, argv, "cut") && !of_ten("cut", cut))
        return TEST_SKIPPED;
    if (wanted(argc, argv, "memory") && !of_ten("memory", memory))
        return TEST_SKIPPED;
    if (wanted(argc, argv, "broken")) {
        uint64_t before = n_runs;
        for (size_t i = 0; i < sizeof(broken_sets) / sizeof(*broken_sets); i++) {
            if (!find_data(broken_sets[i], path))
                return TEST_SKIPPED;
            if (nftw(path, broken, 16, FTW_PHYS) != 0)
                return 2;
        }
        printf("broken: %llu runs\n", (unsigned long long)(n_runs - before));
    }
    printf("%llu runs, %llu failed\n", (unsigned long long)n_runs, (unsigned long long)n_failed);
    return n_failed > 0;
}
