/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A folder of capture files, taken once or watched for more: which file is next. The oldest is, by the time it was
 * written last, then by name. Nothing waits here: who asks brings the time, and asks again.
 *
 * A file is its name and the time it was written last, so one that is written to after it was taken is taken again,
 * as it is when a ring of files comes round. Names that begin with a dot, and what is no regular file, are left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_diag;
struct gad_directory;

enum { GAD_DIRECTORY_FILES_MAX = 1 << 20 };

struct gad_directory_options {
    bool watch;        /* look again when all that were there are done */
    int64_t settle_ns; /* watched: a file must not have been written to for so long */
    bool delete_done;  /* gad_directory_done() removes the file */
};

int gad_directory_open(const char *path, const struct gad_directory_options *opt,
                       struct gad_directory **ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_directory_close(struct gad_directory *dir);

/**
 * gad_directory_next() - the file to read now
 * @now:      wall time, the clock of files
 * @ret_path: borrowed until the next call
 *
 * Return: 0; GAD_MORE: none as yet, ask again later (watched); GAD_END: that was all; GAD_ELIMIT: more files
 * than GAD_DIRECTORY_FILES_MAX; a system error. After an error it may be asked again, too: the folder may have
 * been made anew.
 */
int gad_directory_next(struct gad_directory *dir, struct gad_time now, const char **ret_path,
                       struct gad_diag *d) GAD_MUST_CHECK;

/* The file that gad_directory_next() gave has been read; it is deleted, if asked for and not written to since. */
int gad_directory_done(struct gad_directory *dir, struct gad_diag *d) GAD_MUST_CHECK;

GAD_DEFINE_CLEANUP(struct gad_directory, gad_directory_close);
