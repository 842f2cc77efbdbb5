/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/crypto.h"

#include <openssl/crypto.h>

#include "lib/base/err.h"

int gad_crypto_init(struct gad_diag *d)
{
    if (!OSSL_LIB_CTX_get0_global_default())
        return gad_fail(d, GAD_ENOMEM, "OpenSSL cannot be initialised: no memory");
    return 0;
}
