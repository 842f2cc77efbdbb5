/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A regular file that lines are appended to, with a thread of its own. Everything that may block while a disk or a
 * network file system does not answer runs there: open, write, fdatasync, stat, rename and close. The owner begins one
 * task at a time, does not wait for it, and takes the result later:
 *
 *     disk_begin() ---> the thread works ---> disk_fd() is readable ---> disk_take()
 *
 * Before disk_start() there is no thread, and disk_begin() does the work itself: so a file can be opened while the
 * process is root, and its error ends the start.
 *
 * A thread that is stuck in a system call cannot be cancelled. disk_free() then leaves it alone: it frees what it has
 * when it comes back, or ends with the process.
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

/* The parts of a task, done in this order up to the first that fails. */
enum {
    DISK_WRITE = 1, /* appends all of the bytes or, but for keeps_lines, none */
    DISK_SYNC = 2,  /* fdatasync */
    DISK_LOOK =
        4, /* compares the open file with the path, and reopens the path if it is another file */
    DISK_ROTATE = 8, /* PATH becomes PATH.1, that PATH.2, and so on; the path is reopened */
    DISK_OPEN = 16,  /* closes the file and opens the path */
};

/* What DISK_LOOK found. */
enum disk_change {
    DISK_SAME,
    DISK_MOVED,   /* the file has another name now: what was written to it is still there */
    DISK_DELETED, /* the file has no name left */
};

struct disk_options {
    const char *path; /* copied, as is head */
    const char *head; /* what a new file begins with, or "" */
    size_t longest;   /* bytes of a line at most, see lines_open() */
    size_t write_max; /* bytes of one DISK_WRITE */
    uint64_t files;   /* that DISK_ROTATE keeps */
    bool keeps_lines; /* a DISK_WRITE that failed leaves the lines in the file that are whole */
};

struct disk_result {
    unsigned tasks; /* as they were begun */
    int error;      /* of the first part that failed, or 0 */
    size_t written; /* bytes that are in the file now; fewer than were given if that failed */
    bool synced;    /* fdatasync was done */
    bool opened;    /* the path was opened again */
    bool rotated;   /* the old file was moved away */
    enum disk_change change;
    uint64_t size;       /* bytes of the file that is open now; 0: none is */
    struct gad_diag why; /* the error, for a person */
};

/* PATH becomes PATH.1, that PATH.2, and so on, at most @files of them. False: the file is still where it was. */
bool disk_rotate(const char *path, uint64_t files);

/* Nothing is opened yet. */
int disk_new(const struct disk_options *o, struct disk **ret) GAD_MUST_CHECK;
int disk_start(struct disk *d) GAD_MUST_CHECK; /* the thread, with all signals blocked */

/* Ends the thread, and the file with it. It waits for a task for 50 ms at most. */
void disk_free(struct disk *d);
GAD_DEFINE_CLEANUP(struct disk, disk_free);

int disk_fd(const struct disk *d); /* readable while there is a result to take */

/* Begins a task; none may be under way or have a result. @p: (len) bytes for DISK_WRITE, copied. */
void disk_begin(struct disk *d, unsigned tasks, const void *p, size_t len);

bool disk_is_idle(struct disk *d); /* a task can be begun */
bool disk_take(struct disk *d, struct disk_result *ret);
uint64_t
disk_size(const struct disk *d); /* bytes of the file, as of the last result that was taken */
bool disk_wait(struct disk *d,
               int ms); /* until there is a result, or none to wait for. False: it took longer */

struct gad_time disk_busy(
    struct disk *d); /* how long the thread has been at work on the present task; 0: it is not */
