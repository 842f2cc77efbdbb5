/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Accounts of the site. None is root or a guest. */

#include "lib/base/rng.h"

struct user {
    const char *name, *password;
};

const struct user *user_any(struct gad_rng *r);
