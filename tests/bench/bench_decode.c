/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU time of the decoder for a frame. Usage: bench_decode FILE. It decodes the first 512 KiB of
 * frames of a capture, which are in the cache as frames from the kernel are, ROUNDS times, with
 * checksums ignored and verified. The best round counts. Then it measures everything from the file
 * on, source included.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/diag.h"
#include "lib/net/decode.h"
#include "lib/net/source.h"

enum { BYTES_MAX = 512 << 10, FRAMES_MAX = 1 << 15, FRAMES_AT_ONCE = 256, ROUNDS = 1000 };

struct stored {
    struct gad_time time;
    size_t at, caplen, len;
};

struct bench {
    struct gad_decoder *dec;
    int link_type;
    uint8_t *bytes;
    struct stored *frames;
    size_t n, used;
    uint64_t packets, payload;
};

static double cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count(void *arg, const struct gad_packet *p)
{
    struct bench *b = arg;
    b->packets++;
    b->payload += p->len;
}

static void store(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    struct bench *b = arg;

    if (b->n == FRAMES_MAX || caplen > BYTES_MAX - b->used)
        return;
    memcpy(b->bytes + b->used, frame, caplen);
    b->frames[b->n++] = (struct stored){time, b->used, caplen, len};
    b->used += caplen;
}

static void decode(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    struct bench *b = arg;
    gad_decode(b->dec, b->link_type, time, frame, caplen, len, count, b);
}

static int read_file(struct bench *b, const char *path, gad_frame_fn *fn)
{
    gad_cleanup(gad_source_closep) struct gad_source *s = NULL;
    struct gad_diag d = {.text = ""};
    int r = gad_source_open_file(path, NULL, &s, &d);

    if (r == 0) {
        b->link_type = gad_source_link_type(s);
        while ((r = gad_source_read(s, FRAMES_AT_ONCE, fn, b, &d)) == GAD_MORE)
            ;
    }
    if (r < 0)
        fprintf(stderr, "%s\n", d.text);
    return r < 0 ? r : 0;
}

static int memory_round(struct bench *b, enum gad_checksums sums, double *best)
{
    const struct gad_decoder_options opt = {.checksums = sums};

    if (gad_decoder_new(&opt, &b->dec) != 0)
        return -1;
    b->packets = 0;
    double start = cpu_seconds();
    for (size_t i = 0; i < b->n; i++) {
        const struct stored *f = &b->frames[i];
        gad_decode(b->dec, b->link_type, f->time, b->bytes + f->at, f->caplen, f->len, count, b);
    }
    double t = cpu_seconds() - start;
    *best = t < *best ? t : *best;
    gad_decoder_free(b->dec);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench b = {.n = 0};
    double ignored = 1e9, verified = 1e9;

    b.bytes = malloc(BYTES_MAX);
    b.frames = malloc(FRAMES_MAX * sizeof(*b.frames));
    if (argc < 2 || !b.bytes || !b.frames || read_file(&b, argv[1], store) != 0 || b.n == 0) {
        fprintf(stderr, "usage: bench_decode FILE\n");
        return 2;
    }
    for (int i = 0; i < ROUNDS; i++)
        if (memory_round(&b, GAD_CHECKSUMS_IGNORE, &ignored) != 0 ||
            memory_round(&b, GAD_CHECKSUMS_VERIFY, &verified) != 0)
            return 1;
    printf("%zu frames of %.0f bytes, %llu packets\n", b.n, (double)b.used / (double)b.n,
           (unsigned long long)b.packets);
    printf("memory, checksums ignored   %6.1f ns a frame\n", ignored * 1e9 / (double)b.n);
    printf("memory, checksums verified  %6.1f ns a frame\n", verified * 1e9 / (double)b.n);
    if (gad_decoder_new(NULL, &b.dec) != 0)
        return 1;
    double start = cpu_seconds();
    if (read_file(&b, argv[1], decode) != 0)
        return 1;
    const struct gad_net_stats *s = gad_decoder_stats(b.dec);
    printf("file to packets             %6.1f ns a frame, %llu frames\n",
           (cpu_seconds() - start) * 1e9 / (double)s->frames, (unsigned long long)s->frames);
    gad_decoder_free(b.dec);
    free(b.frames);
    free(b.bytes);
    return 0;
}
