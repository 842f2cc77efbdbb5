/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutate_checkpoint DIR|FILE...: damages real checkpoints and opens each as the daemon does. With
 * the original checksum, every one is refused. With a correct checksum, as a forger would write it,
 * a mutant that is not refused still scores: finite numbers, and the scores of its self-tests.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/record/record.h"
#include "models/detector.h"

/* fewer under sanitizers, where each takes ten times as long; $GANAD_MUTANTS overrides it */
#ifndef MUTANTS
#define MUTANTS 500
#endif

enum { HEADER = 56, RECORDS = 100 };

/* truncations and sealed changes; other changes are four times as many */
static int n_mutants = MUTANTS;

struct mutant {
    const char *of;
    char path[64];
    int fd;
    uint8_t *p; /* the largest content of the file; the original's bytes */
    size_t len;
    struct gad_rng rng;
    unsigned long n, n_bad;
};

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "mutate_checkpoint: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void put(const struct mutant *m, size_t at, const void *p, size_t len)
{
    must(pwrite(m->fd, p, len, (off_t)at) == (ssize_t)len, "write");
}

static void complain(struct mutant *m, const char *what, size_t at)
{
    if (m->n_bad++ < 10)
        printf("%s: %s %zu\n", m->of, what, at);
}

static void expect_refusal(struct mutant *m, const char *what, size_t at)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    struct gad_diag d = {0};

    m->n++;
    int r = gad_detector_open(m->path, &det, &d);
    if (r >= 0 || det)
        complain(m, what, at);
    else if (strncmp(d.text, m->path, strlen(m->path)) != 0)
        complain(m, "a refusal does not name the file:", at);
}

/* All lengths of the header and around its end, and a sample of the others, from the longest
 * down. */
static void truncations(struct mutant *m)
{
    size_t step = m->len / (size_t)n_mutants + 1;

    for (size_t len = m->len; len-- > 0;) {
        if (len > 2 * HEADER && len < m->len - 64 && len % step != 0)
            continue;
        must(ftruncate(m->fd, (off_t)len) == 0, "truncate");
        expect_refusal(m, "accepted when cut to", len);
    }
    put(m, 0, m->p, m->len);
    put(m, m->len, "", 1);
    expect_refusal(m, "accepted with a byte behind", m->len);
    must(ftruncate(m->fd, (off_t)m->len) == 0, "truncate");
}

static void flip(struct mutant *m, size_t at, uint8_t mask)
{
    uint8_t b = m->p[at] ^ mask;

    put(m, at, &b, 1);
    expect_refusal(m, "accepted with a changed byte", at);
    put(m, at, m->p + at, 1);
}

static void flips(struct mutant *m)
{
    for (size_t at = 0; at < HEADER; at++)
        for (int bit = 0; bit < 8; bit++)
            flip(m, at, (uint8_t)(1 << bit));
    for (int i = 0; i < 4 * n_mutants; i++)
        flip(m, HEADER + gad_rng_below(&m->rng, (uint32_t)(m->len - HEADER)),
             (uint8_t)(1 + gad_rng_below(&m->rng, 255)));
}

static void random_record(struct gad_rng *r, struct gad_record *rec)
{
    *rec = (struct gad_record){0};
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const struct gad_column_info *info = &gad_columns[c];
        double top = info->kind == GAD_KIND_NAME ? (double)info->n_names - 1 : info->max;
        double u = (double)gad_rng_uniform(r);
        rec->v[c] = info->kind == GAD_KIND_RATE ? round(u * 100) / 100 : floor(u * (top + 0.999));
    }
}

static void expect_scores(struct mutant *m, const struct gad_detector *det, size_t at)
{
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    static struct gad_record rec[RECORDS];
    float score[RECORDS];

    for (size_t i = 0; i < RECORDS; i++)
        random_record(&m->rng, &rec[i]);
    must(gad_workspace_new(det, RECORDS, &ws) == 0, "workspace");
    (void)gad_detector_score(det, ws, RECORDS, rec, score);
    for (size_t i = 0; i < RECORDS; i++) {
        struct gad_reason reason[GAD_N_COLUMNS];
        double p = gad_detector_p_value(det, score[i]), total = 0.0;
        (void)gad_detector_explain(det, ws, &rec[i], reason);
        for (size_t k = 0; k < GAD_N_COLUMNS; k++)
            total += reason[k].share >= 0.0 && isfinite(reason[k].expected) ? reason[k].share
                                                                            : (double)NAN;
        if (!isfinite(score[i]) || !(p > 0.0 && p <= 1.0) || !(fabs(total - 1.0) < 1e-6)) {
            complain(m, "accepted, and then scores or shares are no numbers, with a changed byte",
                     at);
            return;
        }
    }
}

/* Changes one bit of the message and corrects the checksum. */
static void sealed_flips(struct mutant *m)
{
    unsigned long n_accepted = 0;

    for (int i = 0; i < n_mutants; i++) {
        size_t at = HEADER + gad_rng_below(&m->rng, (uint32_t)(m->len - HEADER));
        /* every other time a bit that can be the top of an exponent: 0.1 becomes 1e37 */
        uint8_t mask = (uint8_t)(i % 2 ? 0x40 : 1 << gad_rng_below(&m->rng, 8)), sum[32];
        struct gad_detector *det = NULL;

        m->p[at] ^= mask;
        must(EVP_Digest(m->p + HEADER, m->len - HEADER, sum, NULL, EVP_sha256(), NULL) == 1, "sum");
        put(m, at, m->p + at, 1);
        put(m, 24, sum, sizeof(sum));
        m->n++;
        if (gad_detector_open(m->path, &det, NULL) == 0) {
            n_accepted++;
            expect_scores(m, det, at);
        }
        gad_detector_free(det);
        m->p[at] ^= mask;
        put(m, at, m->p + at, 1);
    }
    put(m, 24, m->p + 24, 32);
    printf("%s: of %d changes under a new sum %lu load and score\n", m->of, n_mutants, n_accepted);
}

static unsigned long torture(const char *file)
{
    struct mutant m = {.of = file, .path = "/tmp/ganad-mutant-XXXXXX", .rng = gad_rng_init(1, 0)};
    struct gad_detector *det = NULL;
    struct gad_diag d = {0};

    if (gad_file_read(file, 80 << 20, &m.p, &m.len, &d) != 0) {
        fprintf(stderr, "mutate_checkpoint: %s\n", d.text);
        exit(2);
    }
    m.fd = mkostemp(m.path, O_CLOEXEC);
    must(m.fd >= 0, "temporary file");
    put(&m, 0, m.p, m.len);
    truncations(&m);
    flips(&m);
    sealed_flips(&m);
    /* otherwise the checks above would prove nothing */
    if (gad_detector_open(m.path, &det, &d) != 0)
        complain(&m, d.text, 0);
    gad_detector_free(det);
    printf("%s: %zu bytes, %lu mutants, %lu of them wrongly handled\n", file, m.len, m.n, m.n_bad);
    must(close(m.fd) == 0 && unlink(m.path) == 0, "remove");
    gad_free(m.p);
    return m.n_bad;
}

static unsigned long torture_all(const char *path, unsigned *n_files)
{
    char file[4096];
    unsigned long n_bad = 0;
    struct dirent *e;
    DIR *dir = opendir(path);

    if (!dir) {
        if (errno != ENOTDIR) /* a directory that does not exist holds no checkpoints */
            return 0;
        ++*n_files;
        return torture(path);
    }
    while ((e = readdir(dir)) != NULL) {
        size_t len = strlen(e->d_name);
        if (len < 5 || strcmp(e->d_name + len - 5, ".ckpt") != 0)
            continue;
        must((size_t)snprintf(file, sizeof(file), "%s/%s", path, e->d_name) < sizeof(file), "path");
        ++*n_files;
        n_bad += torture(file);
    }
    closedir(dir);
    return n_bad;
}

int main(int argc, char **argv)
{
    const char *wanted = getenv("GANAD_MUTANTS");
    uint64_t n;
    unsigned long n_bad = 0;
    unsigned n_files = 0;

    if (wanted && gad_text_u64(wanted, strlen(wanted), 10000000, &n) == 0 && n > 0)
        n_mutants = (int)n;
    for (int i = 1; i < argc; i++)
        n_bad += torture_all(argv[i], &n_files);
    if (n_files == 0) {
        fprintf(stderr, "usage: mutate_checkpoint DIR|FILE...; no checkpoint found\n");
        return 2;
    }
    return n_bad != 0;
}
