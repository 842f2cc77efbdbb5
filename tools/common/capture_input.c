/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/capture_input.h"

#include <string.h>
#include <sys/stat.h>

#include "lib/base/diag.h"
#include "lib/base/time.h"
#include "lib/net/directory.h"
#include "lib/record/extractor.h"

bool capture_input_is_directory(const char *path)
{
    struct stat st;

    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int capture_input_add(struct gad_extractor *x, size_t lane, const char *path, bool recursive,
                      struct gad_diag *d)
{
    gad_cleanup(gad_directory_closep) struct gad_directory *dir = NULL;
    const struct gad_directory_options opt = {.recursive = recursive};
    const char *file = NULL;
    size_t n = 0;

    if (!capture_input_is_directory(path))
        return gad_extractor_add(x, lane, path, false);
    int r = gad_directory_open(path, &opt, &dir, d);
    while (r == 0 && (r = gad_directory_next(dir, gad_time_wall(), &file, d)) == 0) {
        r = gad_extractor_add(x, lane, file, true);
        n++;
    }
    if (r == GAD_END && n == 0)
        return gad_fail(d, GAD_EINVAL, "%s: no files in it", path);
    return r == GAD_END ? 0 : r;
}
