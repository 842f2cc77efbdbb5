/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A directory of capture files, read once or watched for new ones: returns which file is next. That
 * is the one with the oldest modification time, then by name. No function waits: the caller passes
 * the time and calls again later.
 *
 * A file is identified by its name and modification time. A file that is written to after it was
 * read is read again, as happens in a ring of files. Names that begin with a dot and paths that are
 * not regular files are skipped. So are symbolic links, hence no loop is possible.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_diag;
struct gad_directory;

enum {
    GAD_DIRECTORY_FILES_MAX = 1 << 20,
    GAD_DIRECTORY_DEPTH_MAX = 16, /* directories below the one that was opened */
};

struct gad_directory_options {
    bool watch;        /* list the directory again when all files were read */
    bool recursive;    /* also the files of the directories in it; a file's name has theirs */
    int64_t settle_ns; /* watched: a file is read only when it was not written to for this time */
    bool delete_done;  /* gad_directory_done() deletes the file */
};

int gad_directory_open(const char *path, const struct gad_directory_options *opt,
                       struct gad_directory **ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_directory_close(struct gad_directory *dir);

/**
 * gad_directory_next() - returns the file to read next
 * @now:      wall time, the clock of files
 * @ret_path: borrowed until the next call
 * @d:        without an error it can hold a warning: a directory in it that cannot be read is
 *            skipped. It is given once, until the number of such directories changes
 *
 * Return: 0; GAD_MORE: no file yet, call again later (watched); GAD_END: all files were read;
 * GAD_ELIMIT: more files than GAD_DIRECTORY_FILES_MAX, or directories too deep; a system error. The
 * caller can retry after an error: the directory can have been created again.
 */
int gad_directory_next(struct gad_directory *dir, struct gad_time now, const char **ret_path,
                       struct gad_diag *d) GAD_MUST_CHECK;

/* The caller has read the file of gad_directory_next(). Deletes it if delete_done is set and the
 * file was not written to since. */
int gad_directory_done(struct gad_directory *dir, struct gad_diag *d) GAD_MUST_CHECK;

GAD_DEFINE_CLEANUP(struct gad_directory, gad_directory_close);
