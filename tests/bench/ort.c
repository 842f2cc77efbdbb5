/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/ort.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

/* Slots of the function table. */
enum {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_GRAPH_OPTIMIZATION_LEVEL = 23,
    SET_INTRA_OP_NUM_THREADS = 24,
    SET_INTER_OP_NUM_THREADS = 25,
    CREATE_TENSOR_WITH_DATA = 49,
    CREATE_CPU_MEMORY_INFO = 69,
    RELEASE_ENV = 92,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_SESSION_OPTIONS = 100,
};

enum {
    API_VERSION = 1,
    LOG_ERROR = 3,
    OPTIMIZE_ALL = 99,
    TYPE_FLOAT = 1,
    ALLOCATOR_DEVICE = 0,
    MEMORY_DEFAULT = 0
};

typedef void *slot(void);

struct api_base {
    slot *const *(*get_api)(uint32_t version);
    const char *(*version)(void);
};

struct ort {
    void *library;
    const struct api_base *base;
    slot *const *api;
    void *env, *options, *session, *memory, *x, *y;
};

/* Each call names the type of its slot; a result other than NULL is an error object. */
#define CALL(o, n, type) ((void *(*)type)(uintptr_t)(o)->api[n])
#define RELEASE(o, n, p)                                                                           \
    do {                                                                                           \
        if (p)                                                                                     \
            ((void (*)(void *))(uintptr_t)(o)->api[n])(p);                                         \
    } while (0)

static int failed(const struct ort *o, void *status, const char *what)
{
    if (!status)
        return 0;
    const char *why = ((const char *(*)(void *))(uintptr_t)o->api[GET_ERROR_MESSAGE])(status);
    fprintf(stderr, "onnx runtime: %s: %s\n", what, why);
    return -1;
}

static int start(struct ort *o, const char *model)
{
    void *s = CALL(o, CREATE_ENV, (int, const char *, void **))(LOG_ERROR, "bench", &o->env);
    if (failed(o, s, "environment"))
        return -1;
    s = CALL(o, CREATE_SESSION_OPTIONS, (void **))(&o->options);
    if (failed(o, s, "options"))
        return -1;
    s = CALL(o, SET_GRAPH_OPTIMIZATION_LEVEL, (void *, int))(o->options, OPTIMIZE_ALL);
    if (failed(o, s, "optimisation level"))
        return -1;
    s = CALL(o, SET_INTRA_OP_NUM_THREADS, (void *, int))(o->options, 1);
    if (failed(o, s, "threads"))
        return -1;
    s = CALL(o, SET_INTER_OP_NUM_THREADS, (void *, int))(o->options, 1);
    if (failed(o, s, "threads"))
        return -1;
    s = CALL(o, CREATE_SESSION, (void *, const char *, void *, void **))(o->env, model, o->options,
                                                                         &o->session);
    if (failed(o, s, model))
        return -1;
    s = CALL(o, CREATE_CPU_MEMORY_INFO, (int, int, void **))(ALLOCATOR_DEVICE, MEMORY_DEFAULT,
                                                             &o->memory);
    return failed(o, s, "memory");
}

struct ort *ort_open(const char *library, const char *model)
{
    struct ort *o = gad_calloc(1, sizeof(*o));
    gad_assert(o);

    o->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!o->library) {
        fprintf(stderr, "%s\n", dlerror());
        ort_close(o);
        return NULL;
    }
    void *symbol = dlsym(o->library, "OrtGetApiBase");
    if (symbol) {
        o->base = ((const struct api_base *(*)(void))(uintptr_t)symbol)();
        o->api = o->base->get_api(API_VERSION);
    }
    if (!o->api || start(o, model) != 0) {
        ort_close(o);
        return NULL;
    }
    return o;
}

static void unbind(struct ort *o)
{
    RELEASE(o, RELEASE_VALUE, o->x);
    RELEASE(o, RELEASE_VALUE, o->y);
    o->x = o->y = NULL;
}

void ort_close(struct ort *o)
{
    if (!o)
        return;
    if (o->api) {
        unbind(o);
        RELEASE(o, RELEASE_MEMORY_INFO, o->memory);
        RELEASE(o, RELEASE_SESSION, o->session);
        RELEASE(o, RELEASE_SESSION_OPTIONS, o->options);
        RELEASE(o, RELEASE_ENV, o->env);
    }
    if (o->library)
        dlclose(o->library);
    gad_free(o);
}

int ort_bind(struct ort *o, size_t n, size_t dim, float *x, float *y)
{
    const int64_t x_shape[] = {(int64_t)n, (int64_t)dim}, y_shape[] = {(int64_t)n};

    unbind(o);
    void *s = CALL(o, CREATE_TENSOR_WITH_DATA,
                   (void *, void *, size_t, const int64_t *, size_t, int, void **))(
        o->memory, x, n * dim * sizeof(float), x_shape, 2, TYPE_FLOAT, &o->x);
    if (failed(o, s, "input"))
        return -1;
    s = CALL(o, CREATE_TENSOR_WITH_DATA,
             (void *, void *, size_t, const int64_t *, size_t, int, void **))(
        o->memory, y, n * sizeof(float), y_shape, 1, TYPE_FLOAT, &o->y);
    return failed(o, s, "output");
}

int ort_run(struct ort *o)
{
    static const char *const in[] = {"x"}, *const out[] = {"score"};
    void *const inputs[] = {o->x};
    void *outputs[] = {o->y};

    void *s = CALL(o, RUN,
                   (void *, void *, const char *const *, void *const *, size_t, const char *const *,
                    size_t, void **))(o->session, NULL, in, inputs, 1, out, 1, outputs);
    return failed(o, s, "run");
}

const char *ort_version(const struct ort *o)
{
    return o->base->version();
}
