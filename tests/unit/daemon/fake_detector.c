/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A detector that costs nothing, with known answers: score = src_bytes, p = 1 / (1 + score),
 * threshold = 1 / fpr, and src_bytes is the top feature. Linked in front of the library it replaces
 * models/detector.c and models/explain.c. So the cost of the daemon alone can be measured, and its
 * tests need no checkpoint. A checkpoint whose name ends in "missing" cannot be opened; one named
 * "search" reports that it takes 500 steps.
 */
#include "models/detector.h"

#include <stdio.h>
#include <string.h>

#include "daemon/score/checkpoint.h"
#include "lib/base/diag.h"
#include "lib/record/record.h"

struct gad_detector {
    uint8_t sha256[32];
    char hex[65];
    char name[64];
};

struct gad_workspace {
    size_t n_max;
};

int gad_detector_open(const char *path, struct gad_detector **ret, struct gad_diag *d)
{
    size_t len = strlen(path);
    const char *slash = strrchr(path, '/');

    if (len >= 7 && strcmp(path + len - 7, "missing") == 0)
        return gad_fail(d, -ENOENT, "%s: cannot open: No such file or directory", path);
    struct gad_detector *det = gad_calloc(1, sizeof(*det));
    if (!det)
        return GAD_ENOMEM;
    (void)snprintf(det->name, sizeof(det->name), "fake-%s", slash ? slash + 1 : path);
    for (size_t i = 0; i < 32; i++) {
        det->sha256[i] = (uint8_t)i;
        (void)snprintf(det->hex + 2 * i, 3, "%02zx", i);
    }
    *ret = det;
    return 0;
}

int gad_detector_new(const char *name, const struct gad_checkpoint *c, struct gad_detector **ret,
                     struct gad_diag *d)
{
    (void)c;
    return gad_detector_open(name, ret, d);
}

/* Nor are there files. */
int checkpoint_open(const char *file, const struct config_model *c, const struct config_trust *t,
                    struct gad_detector **ret, struct checkpoint_proof *ret_proof,
                    struct gad_diag *d)
{
    (void)c;
    (void)t;
    (void)ret_proof;
    return gad_detector_open(file, ret, d);
}

int checkpoint_prove_again(const char *file, const struct config_model *c,
                           const struct config_trust *t, struct checkpoint_proof *p,
                           struct gad_diag *d)
{
    (void)file;
    (void)c;
    (void)t;
    (void)p;
    (void)d;
    return 0;
}

bool checkpoint_is_bound(const struct config_model *c, const struct config_trust *t)
{
    (void)c;
    (void)t;
    return false;
}

void gad_detector_free(struct gad_detector *det)
{
    gad_free(det);
}

const char *gad_detector_name(const struct gad_detector *det)
{
    return det->name;
}

const char *gad_detector_model(const struct gad_detector *det)
{
    (void)det;
    return "fake";
}

const uint8_t *gad_detector_sha256(const struct gad_detector *det)
{
    return det->sha256;
}

const char *gad_detector_sha256_hex(const struct gad_detector *det)
{
    return det->hex;
}

uint64_t gad_detector_n_calibration(const struct gad_detector *det)
{
    (void)det;
    return 99999;
}

uint32_t gad_detector_steps(const struct gad_detector *det)
{
    return strcmp(det->name, "fake-search") == 0 ? 500 : 1;
}

int gad_workspace_new(const struct gad_detector *det, size_t n_max, struct gad_workspace **ret)
{
    (void)det;
    struct gad_workspace *ws = gad_calloc(1, sizeof(*ws));
    if (!ws)
        return GAD_ENOMEM;
    ws->n_max = n_max;
    *ret = ws;
    return 0;
}

void gad_workspace_free(struct gad_workspace *ws)
{
    gad_free(ws);
}

uint64_t gad_detector_score(const struct gad_detector *det, struct gad_workspace *ws, size_t n,
                            const struct gad_record *rec, float *score)
{
    uint64_t unknown = 0;
    (void)det;
    (void)ws;

    for (size_t i = 0; i < n; i++) {
        score[i] = (float)rec[i].v[GAD_SRC_BYTES];
        unknown += rec[i].v[GAD_SERVICE] < 0;
    }
    return unknown;
}

void gad_detector_score_rows(const struct gad_detector *det, struct gad_workspace *ws, size_t n,
                             struct gad_detector_row *row)
{
    for (size_t i = 0; i < n; i++)
        row[i].n_unknown = (uint32_t)gad_detector_score(det, ws, 1, row[i].rec, &row[i].score);
}

double gad_detector_p_value(const struct gad_detector *det, float score)
{
    (void)det;
    return 1.0 / (1.0 + (double)score);
}

bool gad_detector_p_is_extrapolated(const struct gad_detector *det, double p)
{
    (void)det;
    (void)p;
    return false;
}

float gad_detector_threshold(const struct gad_detector *det, double fpr)
{
    (void)det;
    return (float)(1.0 / fpr);
}

size_t gad_detector_explain(const struct gad_detector *det, struct gad_workspace *ws,
                            const struct gad_record *rec,
                            struct gad_reason reason[static GAD_N_COLUMNS])
{
    (void)det;
    (void)ws;
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++)
        reason[c] = (struct gad_reason){.column = c, .value = rec->v[c]};
    reason[0] = (struct gad_reason){GAD_SRC_BYTES, rec->v[GAD_SRC_BYTES], 0.5, 1.0};
    reason[GAD_SRC_BYTES] =
        (struct gad_reason){.column = GAD_DURATION, .value = rec->v[GAD_DURATION]};
    return 1;
}

float gad_detector_score_without(const struct gad_detector *det, struct gad_workspace *ws,
                                 const struct gad_record *rec, uint64_t columns)
{
    (void)det;
    (void)ws;
    return columns >> GAD_COUNT & 1 ? 0 : (float)rec->v[GAD_SRC_BYTES];
}

struct gad_reason gad_detector_cause(const struct gad_detector *det, struct gad_workspace *ws,
                                     const struct gad_record *rec)
{
    (void)det;
    (void)ws;
    return (struct gad_reason){GAD_SRC_BYTES, rec->v[GAD_SRC_BYTES], 0.5, 1.0};
}

const struct gad_reference *gad_detector_reference(const struct gad_detector *det)
{
    (void)det;
    return NULL;
}

const struct gad_schema *gad_detector_schema(const struct gad_detector *det)
{
    (void)det;
    return NULL;
}
