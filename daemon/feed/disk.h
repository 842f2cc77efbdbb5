/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A regular file that lines are appended to, with its own thread. Every call that may block while a
 * disk or a network file system does not answer runs there: open, write, fdatasync, stat, rename
 * and close. The owner begins one task at a time, does not wait for it, and takes the result later:
 *
 *     disk_begin() ---> the thread works ---> disk_fd() is readable ---> disk_take()
 *
 * Before disk_start() there is no thread, and disk_begin() does the work itself. So the daemon can
 * open a file while it is root, and a failure ends the start.
 *
 * A thread that is stuck in a system call cannot be cancelled. disk_free() then leaves the struct
 * to the thread, which frees it when the call returns, or ends with the process.
 *
 * Thread: the owner's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/diag.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct disk;

/* The parts of a task, in the order in which they are done. The first failure ends the task. */
enum {
    DISK_WRITE = 1, /* appends all bytes, or none (but see keeps_lines) */
    DISK_SYNC = 2,  /* fdatasync */
    DISK_LOOK =
        4, /* compares the open file with the path, and reopens the path if it is another file */
    DISK_ROTATE = 8, /* PATH becomes PATH.1, that PATH.2, and so on; the path is reopened */
    DISK_OPEN = 16,  /* closes the file and opens the path */
};

/* What DISK_LOOK found. */
enum disk_change {
    DISK_SAME,
    DISK_MOVED,   /* the file has another name now, so what was written still exists */
    DISK_DELETED, /* the file has no name left */
};

struct disk_options {
    const char *path; /* copied, as is head */
    const char *head; /* what a new file begins with, or "" */
    /* maximum bytes of a line: a longer incomplete line at the end of the file is given a line
     * end */
    size_t longest;
    size_t write_max; /* bytes of one DISK_WRITE */
    uint64_t files;   /* files that DISK_ROTATE keeps */
    bool keeps_lines; /* a failed DISK_WRITE leaves whole lines in the file */
};

struct disk_result {
    unsigned tasks; /* as they were begun */
    int error;      /* of the first part that failed, or 0 */
    size_t written; /* bytes that are in the file now; fewer than requested if the write failed */
    bool synced;    /* fdatasync was done */
    bool opened;    /* the path was reopened */
    bool rotated;   /* the old file was moved away */
    enum disk_change change;
    uint64_t size;       /* bytes of the open file; 0: no file is open */
    struct gad_diag why; /* the error, for a person */
};

/* Renames PATH to PATH.1, that to PATH.2, and so on, at most @files of them. Returns false if PATH
 * was not renamed. */
bool disk_rotate(const char *path, uint64_t files);

/* Opens nothing yet. */
int disk_new(const struct disk_options *o, struct disk **ret) GAD_MUST_CHECK;
int disk_start(struct disk *d) GAD_MUST_CHECK; /* starts the thread */

/* Ends the thread and closes the file. Waits at most 50 ms for a task. */
void disk_free(struct disk *d);
GAD_DEFINE_CLEANUP(struct disk, disk_free);

int disk_fd(const struct disk *d); /* readable while there is a result to take */

/* Begins a task. disk_is_idle() must be true. @p: (len) bytes for DISK_WRITE, copied. */
void disk_begin(struct disk *d, unsigned tasks, const void *p, size_t len);

bool disk_is_idle(struct disk *d); /* no task is running or has a result */
bool disk_take(struct disk *d, struct disk_result *ret);
/* bytes of the file, as of the last result that was taken */
uint64_t disk_size(const struct disk *d);
/* Waits until no task is running. False: it took longer than @ms. */
bool disk_wait(struct disk *d, int ms);

/* Time since the running task began; 0: no task is running. */
struct gad_time disk_busy(struct disk *d);
