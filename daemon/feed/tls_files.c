/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys of an output of type tls. OpenSSL explains little about a file that it
 * cannot use, so this file detects the common mistakes. */
#include "daemon/feed/tls_files.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/credential.h"
#include "lib/base/diag.h"

enum { HEAD_BYTES = 8192 }; /* of a file, to explain why it cannot be used */

/* A file of an output: its key in the configuration, the PEM block that it must hold, and how it is
 * loaded. */
struct use {
    const char *key, *block, *what, *to_pem;
    int (*load)(SSL_CTX *ctx, const char *file); /* 1: loaded */
};

const char *tls_reason(void)
{
    unsigned long e = ERR_get_error();
    const char *text = e ? ERR_reason_error_string(e) : NULL;

    ERR_clear_error();
    return text ? text : "no reason was given";
}

static int load_ca(SSL_CTX *ctx, const char *file)
{
    return SSL_CTX_load_verify_locations(ctx, file, NULL);
}

static int load_key(SSL_CTX *ctx, const char *file)
{
    int ok = SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM);
    return ok == 1 && SSL_CTX_get0_certificate(ctx) ? SSL_CTX_check_private_key(ctx) : ok;
}

static const struct use ca = {"ca", "CERTIFICATE-----", "certificate", "x509", load_ca};
static const struct use certificate = {"certificate", "CERTIFICATE-----", "certificate", "x509",
                                       SSL_CTX_use_certificate_chain_file};
static const struct use key = {"key", "PRIVATE KEY-----", "private key", "pkey", load_key};

/* Reads the head of a file and appends a NUL. Returns 0 or -errno. */
static int read_head(const char *file, char head[static HEAD_BYTES], size_t *ret)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block the start */
    ssize_t n = fd < 0 ? -1 : read(fd, head, HEAD_BYTES - 1);
    int r = n < 0 ? -errno : 0;

    if (fd >= 0)
        (void)close(fd);
    if (r == 0) {
        head[n] = '\0';
        *ret = (size_t)n;
    }
    return r;
}

static int fail_of(const struct use *u, const char *file, const char *why, struct gad_diag *d)
{
    return gad_fail(d, GAD_EINVAL, "key '%s': %s: %s", u->key, file, why);
}

/* Explains why OpenSSL refused @file, which begins with @head. */
static int explain(const struct use *u, const char *file, const char *head, size_t len, bool asked,
                   struct gad_diag *d)
{
    int reason = ERR_GET_REASON(ERR_peek_error());
    bool is_x509 = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509;

    if (asked)
        return gad_fail(d, GAD_EINVAL,
                        "key '%s': %s: has a password, and a daemon cannot ask for it: write a "
                        "copy without one, by 'openssl pkey -in %s -out NEW'",
                        u->key, file, file);
    if (len == 0)
        return fail_of(u, file, "is empty", d);
    if (len >= 2 && (unsigned char)head[0] == 0x30 && (unsigned char)head[1] >= 0x80)
        return gad_fail(d, GAD_EINVAL,
                        "key '%s': %s: is DER or PKCS #12, and must be PEM: of DER write a copy "
                        "by 'openssl %s -inform DER -in %s -out NEW'",
                        u->key, file, u->to_pem, file);
    if (len < HEAD_BYTES - 1 && !strstr(head, u->block))
        return gad_fail(d, GAD_EINVAL, "key '%s': %s: has no %s in PEM", u->key, file, u->what);
    if (is_x509 && (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH))
        return fail_of(u, file,
                       "does not match the certificate: it is the key of another certificate", d);
    return fail_of(u, file, tls_reason(), d);
}

/* A daemon cannot use a key with a password: it must not ask the terminal. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
    bool *asked = arg;
    (void)buf;
    (void)size;
    (void)rwflag;

    *asked = true;
    return -1;
}

static int use_file(SSL_CTX *ctx, const struct use *u, const char *value, struct gad_diag *d)
{
    char path[PATH_MAX], head[HEAD_BYTES] = {0};
    const char *file;
    bool asked = false;
    size_t len = 0;
    int r = credential_path(value, path, sizeof(path), &file, d);

    if (r != 0) {
        gad_diag_prefix(d, "key '%s'", u->key);
        return r;
    }
    r = read_head(file, head, &len);
    if (r != 0)
        return gad_fail(d, r, "key '%s': %s: %s", u->key, file, gad_strerror(r));
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &asked);
    if (u->load(ctx, file) != 1)
        r = explain(u, file, head, len, asked, d);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    ERR_clear_error();
    return r;
}

static int use_files(SSL_CTX *ctx, const struct config_output *c, struct gad_diag *d)
{
    int r = *c->ca ? use_file(ctx, &ca, c->ca, d) : 0;

    if (!*c->ca && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return gad_fail(d, GAD_EINVAL, "the system's certificates: %s", tls_reason());
    if (r == 0 && *c->certificate)
        r = use_file(ctx, &certificate, c->certificate, d);
    if (r == 0 && *c->key)
        r = use_file(ctx, &key, c->key, d);
    return r;
}

int transport_tls_context(const struct config_output *c, void **ret, struct gad_diag *d)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx)
        return gad_fail(d, GAD_ENOMEM, "TLS: %s", tls_reason());
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* a receiver could request renegotiations without end */
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_mode(ctx,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    int r = use_files(ctx, c, d);
    if (r != 0) {
        SSL_CTX_free(ctx);
        return r;
    }
    *ret = ctx;
    return 0;
}

void transport_tls_context_free(void *context)
{
    SSL_CTX_free(context);
}

void tls_files_system_ca(const char **ret_file, const char **ret_directory)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    const char *directory = getenv(X509_get_default_cert_dir_env());

    *ret_file = file ? file : X509_get_default_cert_file();
    *ret_directory = directory ? directory : X509_get_default_cert_dir();
}

/* --- dates --- */

static bool is_valid_now(const X509 *x)
{
    return X509_cmp_current_time(X509_get0_notBefore(x)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(x)) > 0;
}

static int check_date(const char *name, const char *file, const X509 *x, struct gad_diag *d)
{
    bool expired = X509_cmp_current_time(X509_get0_notAfter(x)) <= 0;
    const ASN1_TIME *date = expired ? X509_get0_notAfter(x) : X509_get0_notBefore(x);
    struct tm tm;
    char text[40];

    if (is_valid_now(x))
        return 0;
    if (ASN1_TIME_to_tm(date, &tm) != 1 ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        text[0] = '\0';
    return gad_fail(d, GAD_EINVAL, "key '%s': %s: a certificate in it %s %s", name, file,
                    expired ? "has expired on" : "is not valid before", text);
}

/* One valid authority is enough: of many, some may have expired. */
static int check_authorities(SSL_CTX *ctx, const char *file, struct gad_diag *d)
{
    STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));
    int r = 0;

    for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
        const X509 *x = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
        if (!x)
            continue;
        r = check_date("ca", file, x, d);
        if (r == 0)
            break;
    }
    if (r == 0 && d)
        d->text[0] = '\0';
    return r;
}

int tls_files_check_dates(void *context, const struct config_output *c, struct gad_diag *d)
{
    STACK_OF(X509) *chain = NULL;
    const X509 *own = SSL_CTX_get0_certificate(context);
    int r = *c->ca ? check_authorities(context, c->ca, d) : 0;

    if (r == 0 && own)
        r = check_date("certificate", c->certificate, own, d);
    if (r == 0 && own && SSL_CTX_get0_chain_certs(context, &chain) == 1)
        for (int i = 0; r == 0 && i < sk_X509_num(chain); i++)
            r = check_date("certificate", c->certificate, sk_X509_value(chain, i), d);
    return r;
}

/* --- ganadd -t --- */

static const char *unless_missing(const char *value, const char **missing)
{
    if (credential_can_be_there(value))
        return value;
    *missing = value;
    return "";
}

int tls_files_check(const struct config_output *c, struct gad_diag *d)
{
    struct config_output checkable = *c;
    const char *missing = NULL;
    void *context;

    checkable.ca = unless_missing(c->ca, &missing);
    checkable.certificate = unless_missing(c->certificate, &missing);
    checkable.key = unless_missing(c->key, &missing);
    int r = transport_tls_context(&checkable, &context, d);
    if (r != 0)
        return r;
    r = tls_files_check_dates(context, &checkable, d);
    transport_tls_context_free(context);
    if (r == 0 && missing)
        (void)gad_fail(d, 0, "'%s' is not checked: only the service has it", missing);
    return r;
}
