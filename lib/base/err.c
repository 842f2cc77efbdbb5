/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/err.h"

#include <string.h>

const char *gad_strerror(int err)
{
    switch (err) {
    case GAD_OK:
        return "success";
    case GAD_ETRUNC:
        return "input ends too early";
    case GAD_EFORMAT:
        return "malformed input";
    case GAD_ELIMIT:
        return "over a limit";
    case GAD_EVERSION:
        return "unsupported version";
    case GAD_EMISMATCH:
        return "verification failed";
    case GAD_EUNKNOWN:
        return "unknown name";
    case GAD_ECLOSED:
        return "connection closed";
    default:
        break;
    }
    /* strerrordesc_np() reads a constant table: no locale, no static buffer. */
    const char *s = err < 0 && err > -1000 ? strerrordesc_np(-err) : NULL;
    return s ? s : "unknown error";
}
