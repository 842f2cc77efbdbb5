/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of connection records, stopping and skipping. An accepted row is legal, and is the same bit
 * for bit after writing and reading it.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/foreign.h"
#include "lib/dataset/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_row(const struct gad_row *row)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    char line[GAD_DATASET_LINE_MAX];
    struct gad_row back;

    require(gad_record_check(&row->rec) == -1);
    require(memchr(row->label, '\0', sizeof(row->label)) != NULL);
    require(row->difficulty <= 21);
    require(row->is_timed || row->time.ns == 0);
    require(row->time.ns < INT64_C(9000000001) * 1000000000 &&
            row->time.ns > INT64_C(-9000000001) * 1000000000);
    const struct gad_tuple *t = &row->rec.tuple;
    require(t->family == 4 || t->family == 6 || (t->family == 0 && t->src_port + t->dst_port == 0));
    require(memchr(row->rec.community_id, '\0', GAD_COMMUNITY_ID_TEXT) != NULL);
    size_t len = gad_row_write(&row->rec, row->label[0] ? row->label : NULL, line);
    require(len < sizeof(line));
    if (gad_dataset_open_memory("line", line, len, NULL, &s, NULL) != 0)
        return; /* out of memory */
    require(gad_dataset_next(s, &back, NULL) == 0);
    require(memcmp(back.rec.v, row->rec.v, sizeof(back.rec.v)) == 0);
    require(strcmp(back.label, row->label) == 0);
    require(gad_dataset_next(s, &back, NULL) == GAD_END);
}

static void read_all(const uint8_t *data, size_t size, bool skip_bad)
{
    const struct gad_dataset_options opt = {.skip_bad = skip_bad, .with_connection = skip_bad};
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_diag d = {.text = ""};
    struct gad_row row;
    uint64_t n = 0, line = 0;
    int r;

    if (gad_dataset_open_memory("input", data, size, &opt, &s, &d) != 0)
        return;
    for (; (r = gad_dataset_next(s, &row, &d)) == 0; n++) {
        require(row.line > line);
        line = row.line;
        check_row(&row);
    }
    const struct gad_dataset_stats *st = gad_dataset_stats(s);
    require(st->rows == n && st->bytes <= size && st->bad_connections <= n);
    bool foreign = gad_foreign_file(data, size) != NULL; /* refused with every policy */
    require(!foreign || (r == GAD_EFORMAT && n == 0 && st->bad_lines == 0));
    require(foreign || r == GAD_END || (!skip_bad && st->bad_lines == 1));
    require((r == GAD_END) == (d.text[0] == '\0'));
    require(gad_dataset_head(s)->label < GAD_HEAD_COLUMNS_MAX);
    require(!skip_bad || (st->bad_lines > 0) == (gad_dataset_first_bad(s)[0] != '\0'));
    require(r != GAD_END || st->bytes == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_all(data, size, false);
    read_all(data, size, true);
    return 0;
}
