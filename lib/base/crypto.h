/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Initialises libcrypto. If memory was short when OpenSSL 3.0 created its default context, the
 * first call that fetches an algorithm dereferences a null pointer. So a program creates the
 * context here, before any other use of OpenSSL.
 */

#include <openssl/crypto.h>

#include "lib/base/diag.h"
#include "lib/base/err.h"

/* Call once, before there are threads. Returns 0, or GAD_ENOMEM with the reason; then OpenSSL
 * must not be used. */
static inline int gad_crypto_init(struct gad_diag *d)
{
    if (!OSSL_LIB_CTX_get0_global_default())
        return gad_fail(d, GAD_ENOMEM, "OpenSSL cannot be initialised: no memory");
    return 0;
}
