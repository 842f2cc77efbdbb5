/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that no writer of ours makes: edited with the generated code, or byte by byte. */
#include "lib/checkpoint/checkpoint.h"

#include <string.h>
#include <sys/resource.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "proto/checkpoint.pb-c.h"
#include "tests/unit/checkpoint/sample.h"
#include "tests/unit/test.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(SANITIZED)
#define SANITIZED 1
#endif

typedef Ganad__Checkpoint__Checkpoint message;

/* The sample's message as the generated code sees it. */
static message *unpack_sample(void)
{
    struct sample s;
    uint8_t *p = NULL;
    size_t len;

    sample_init(&s);
    assert_int_equal(gad_checkpoint_pack(&s.c, &p, &len, NULL), 0);
    message *m = ganad__checkpoint__checkpoint__unpack(NULL, len - 56, p + 56);
    assert_non_null(m);
    gad_free(p);
    return m;
}

/* A file around a message of len bytes. */
static uint8_t *wrap(const void *p, size_t len)
{
    uint8_t *file = gad_calloc(1, 56 + len);
    assert_non_null(file);
    memcpy(file, "GANADCKP\1", 9);
    memcpy(file + 56, p, len);
    seal(file, 56 + len);
    return file;
}

static void assert_refused_bytes(const void *p, size_t len, int err, const char *why)
{
    struct gad_checkpoint *c = NULL;
    struct gad_diag d = {0};
    uint8_t *file = wrap(p, len);

    int r = gad_checkpoint_parse("a.ckpt", file, 56 + len, &c, &d);
    gad_free(file);
    if (r != err || !strstr(d.text, why))
        fail_msg("%d '%s', not %d '%s'", r, d.text, err, why);
    assert_null(c);
}

/* Packs m, appends n bytes, and wants that refused; frees m. */
static void assert_refused(message *m, const void *more, size_t n, int err, const char *why)
{
    size_t len = ganad__checkpoint__checkpoint__get_packed_size(m);
    uint8_t *p = gad_calloc(1, len + n);
    assert_non_null(p);
    (void)ganad__checkpoint__checkpoint__pack(m, p);
    if (n > 0)
        memcpy(p + len, more, n);
    assert_refused_bytes(p, len + n, err, why);
    gad_free(p);
    ganad__checkpoint__checkpoint__free_unpacked(m, NULL);
}

static void dimensions_that_overflow_are_refused(void **state)
{
    (void)state;
    static const uint32_t dims[][2] = {
        {UINT32_MAX, UINT32_MAX}, {1U << 31, 1U << 31}, /* 2^62 values: 2^64 bytes */
        {1U << 16, 1U << 16},     {UINT32_MAX, 1},      {4097, 1}, {0, 0}};
    for (size_t i = 0; i < sizeof(dims) / sizeof(dims[0]); i++) {
        message *m = unpack_sample();
        m->net[0]->layer[0]->in = dims[i][0];
        m->net[0]->layer[0]->out = dims[i][1];
        assert_refused(m, NULL, 0, GAD_EFORMAT, "net 'encoder': layer 0 has a dimension outside");
        m = unpack_sample();
        m->tensor[0]->dim[0] = dims[i][0];
        m->tensor[0]->dim[1] = dims[i][1];
        assert_refused(m, NULL, 0, GAD_EMISMATCH, "tensor 'encoder.0.weight': shape is not 6 x 4");
    }
    message *m = unpack_sample();
    m->tensor[0]->dim[0] = 4;
    m->tensor[0]->dim[1] = 6; /* as many values */
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "shape is not 6 x 4");
    m = unpack_sample();
    m->tensor[0]->n_dim = 1;
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "shape is not 6 x 4");
    m = unpack_sample();
    m->tensor[1]->n_dim = 0;
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "tensor 'encoder.0.bias': shape is not 4");
}

static void tensors_have_exactly_their_bytes(void **state)
{
    (void)state;
    for (size_t less = 1; less <= 96; less++) {
        message *m = unpack_sample();
        assert_int_equal(m->tensor[0]->data.len, 96);
        m->tensor[0]->data.len -= less;
        assert_refused(m, NULL, 0, GAD_EMISMATCH, "tensor 'encoder.0.weight': ");
    }
    message *m = unpack_sample();
    m->tensor[0]->data.len = 4;
    assert_refused(m, NULL, 0, GAD_EMISMATCH,
                   "a.ckpt: tensor 'encoder.0.weight': 1 values, the layer needs 6 x 4");
    m = unpack_sample();
    m->tensor[0]->data.len = 6;
    assert_refused(m, NULL, 0, GAD_EMISMATCH,
                   "1 values and part of another, the layer needs 6 x 4");
}

static void tensors_stand_in_the_order_of_the_layers(void **state)
{
    (void)state;
    message *m = unpack_sample();
    Ganad__Checkpoint__Tensor *t = m->tensor[0];
    m->tensor[0] = m->tensor[2];
    m->tensor[2] = t;
    assert_refused(m, NULL, 0, GAD_EMISMATCH,
                   "tensor 'encoder.0.weight': found 'encoder.1.weight' in its place");
    m = unpack_sample();
    ganad__checkpoint__tensor__free_unpacked(m->tensor[--m->n_tensor], NULL);
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "7 tensors, the 4 layers need 8");
    m = unpack_sample();
    m->tensor[0]->name[0] = '\n';
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "'\\x0ancoder.0.weight' in its place");
}

static void each_part_must_be_there(void **state)
{
    (void)state;
    message *m = unpack_sample();
    ganad__checkpoint__schema__free_unpacked(m->schema, NULL);
    m->schema = NULL;
    assert_refused(m, NULL, 0, GAD_EFORMAT, "schema: missing");
    m = unpack_sample();
    ganad__checkpoint__scaler__free_unpacked(m->scaler, NULL);
    m->scaler = NULL;
    assert_refused(m, NULL, 0, GAD_EFORMAT, "scaler: missing");
    m = unpack_sample();
    ganad__checkpoint__score__free_unpacked(m->score, NULL);
    m->score = NULL;
    assert_refused(m, NULL, 0, GAD_EFORMAT, "score: missing");
    m = unpack_sample();
    ganad__checkpoint__calibration__free_unpacked(m->calibration, NULL);
    m->calibration = NULL;
    assert_refused(m, NULL, 0, GAD_EFORMAT, "calibration: missing");
    m = unpack_sample();
    ganad__checkpoint__provenance__free_unpacked(m->provenance, NULL);
    m->provenance = NULL;
    assert_refused(m, NULL, 0, GAD_EFORMAT, "provenance: missing");
    assert_refused_bytes("", 0, GAD_EFORMAT, "schema: missing");
}

static void an_empty_search_is_refused(void **state)
{
    (void)state;
    message *m = unpack_sample();
    m->score->search->steps = 0; /* no writer of ours says a search without steps */
    assert_refused(m, NULL, 0, GAD_EFORMAT, "search: steps: 0, at least 1");
}

static void counts_agree(void **state)
{
    (void)state;
    message *m = unpack_sample();
    m->scaler->n_log--;
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "scaler: 5 log, 6 offset, 6 range");
    m = unpack_sample();
    m->scaler->n_offset--;
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "scaler: 6 log, 5 offset, 6 range");
    m = unpack_sample();
    m->scaler->n_range--;
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "scaler: 6 log, 6 offset, 5 range");
    m = unpack_sample();
    m->calibration->n_value--;
    assert_refused(m, NULL, 0, GAD_EMISMATCH, "calibration: 5 levels, 4 values");
    for (size_t i = 0; i < 4; i++) {
        m = unpack_sample();
        Ganad__Checkpoint__Provenance__History *h = m->provenance->history;
        size_t *n[] = {&h->n_loss_d, &h->n_loss_g, &h->n_loss_e, &h->n_held_out};
        --*n[i];
        assert_refused(m, NULL, 0, GAD_EMISMATCH, "but 10 epochs were trained");
    }
    m = unpack_sample();
    m->provenance->history->n_loss_d = m->provenance->history->n_loss_g = 0;
    m->provenance->history->n_loss_e = m->provenance->history->n_held_out = 0;
    assert_refused(m, NULL, 0, GAD_EFORMAT, "history: epochs: 0, at least 1");
}

static void unknown_fields_are_refused_at_every_depth(void **state)
{
    (void)state;
    ProtobufCMessageUnknownField f = {.tag = 99, .wire_type = 0, .len = 1};
    uint8_t byte = 1;
    f.data = &byte;

    assert_refused(unpack_sample(), "\x98\x06\x01", 3, GAD_EFORMAT,
                   "message Checkpoint has an unknown field 99");
    for (int depth = 0; depth < 9; depth++) {
        message *m = unpack_sample();
        ProtobufCMessage *at[] = {&m->net[1]->base,
                                  &m->net[1]->layer[1]->base,
                                  &m->schema->group[0]->base,
                                  &m->provenance->metric[1]->base,
                                  &m->score->search->base,
                                  &m->score->search->phase[1]->base,
                                  &m->provenance->history->base,
                                  &m->reference->base,
                                  &m->reference->column[4]->base};
        at[depth]->n_unknown_fields = 1;
        at[depth]->unknown_fields = &f;
        size_t len = ganad__checkpoint__checkpoint__get_packed_size(m);
        uint8_t *p = gad_calloc(1, len);
        assert_non_null(p);
        (void)ganad__checkpoint__checkpoint__pack(m, p);
        at[depth]->n_unknown_fields = 0;
        at[depth]->unknown_fields = NULL;
        ganad__checkpoint__checkpoint__free_unpacked(m, NULL);
        assert_refused_bytes(p, len, GAD_EFORMAT, "has an unknown field 99");
        gad_free(p);
    }
}

/* All of these mean the same as the sample to a lenient parser. */
static void other_encodings_of_the_same_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } more[] = {
        {"\x0a\x0asample-1.0", 12},          /* name a second time */
        {"\x3a\x05\x15\xcd\xcc\xcc\x3d", 7}, /* score again, to be merged */
        {"\x1a\x00", 2},                     /* out of order, and an empty net */
        {"\x2a\x00", 2},                     /* an empty schema, merged to the same */
        {"\x5a\x04"
         "flag",
         6},             /* condition a second time */
        {"\x5a\x00", 2}, /* none after all, which is said by leaving it out */
    };
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
        assert_refused(unpack_sample(), more[i].bytes, more[i].len, GAD_EFORMAT,
                       "not in its canonical encoding");

    message *m = unpack_sample(); /* the length of the name as "8a 00" in place of "0a" */
    size_t len = ganad__checkpoint__checkpoint__get_packed_size(m);
    uint8_t *p = gad_calloc(1, len + 1);
    assert_non_null(p);
    (void)ganad__checkpoint__checkpoint__pack(m, p + 1);
    ganad__checkpoint__checkpoint__free_unpacked(m, NULL);
    assert_memory_equal(p + 1, "\x0a\x0asample", 8);
    memcpy(p, "\x0a\x8a\x00", 3);
    assert_refused_bytes(p, len + 1, GAD_EFORMAT, "not in its canonical encoding");
    gad_free(p);

    m = unpack_sample(); /* a NUL inside a string: C sees less than is there */
    len = ganad__checkpoint__checkpoint__get_packed_size(m);
    p = gad_calloc(1, len);
    assert_non_null(p);
    (void)ganad__checkpoint__checkpoint__pack(m, p);
    ganad__checkpoint__checkpoint__free_unpacked(m, NULL);
    p[2 + 6] = 0;
    assert_refused_bytes(p, len, GAD_EFORMAT, "not in its canonical encoding");
    gad_free(p);
}

/* 2^32 - 1, 2^31 and friends as the length of every length-delimited field of the top level. */
static void lengths_that_overflow_are_refused(void **state)
{
    (void)state;
    static const uint8_t lengths[][10] = {
        {0xff, 0xff, 0xff, 0xff, 0x0f}, {0xfb, 0xff, 0xff, 0xff, 0x0f},
        {0xfa, 0xff, 0xff, 0xff, 0x0f}, {0x80, 0x80, 0x80, 0x80, 0x08},
        {0xff, 0xff, 0xff, 0xff, 0x07}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}};
    for (uint8_t field = 1; field <= 11; field++)
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
            for (size_t len = 1; len <= 10; len++) {
                uint8_t p[32] = {(uint8_t)(field << 3 | 2)};
                memcpy(p + 1, lengths[i], len);
                assert_refused_bytes(p, 1 + len, GAD_EFORMAT, "not a valid Checkpoint message");
                assert_refused_bytes(p, sizeof(p), GAD_EFORMAT, "not a valid Checkpoint message");
            }
}

static long peak_kib(void)
{
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss;
}

/* A mebibyte of two-byte sub-messages would become about a hundred mebibytes of heap. */
static void small_bytes_do_not_become_much_memory(void **state)
{
    (void)state;
    enum { LEN = 1 << 20 };
    uint8_t *p = gad_calloc(1, LEN);
    long before = peak_kib();

    assert_non_null(p);
    for (uint8_t field = 1; field <= 10; field++) {
        for (size_t i = 0; i < LEN; i += 2) {
            p[i] = (uint8_t)(field << 3 | 2);
            p[i + 1] = 0;
        }
        assert_refused_bytes(p, LEN, GAD_ELIMIT, "would need many times its size");
    }
    for (uint8_t sub = 1; sub <= 2;
         sub++) { /* one level down: nets of layers, groups of categories */
        uint8_t head[] = {sub == 1 ? 0x1a : 0x2a, 0xfc, 0xff, 0x3f};
        for (size_t i = 0; i < LEN; i += 2) {
            p[i] = 0x12;
            p[i + 1] = 0;
        }
        memcpy(p, head, sizeof(head));
        assert_refused_bytes(p, LEN, GAD_ELIMIT, "would need many times its size");
    }
#ifndef SANITIZED
    assert_true(peak_kib() - before < 16 * 1024);
#else
    (void)before;
#endif
    gad_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dimensions_that_overflow_are_refused),
        cmocka_unit_test(tensors_have_exactly_their_bytes),
        cmocka_unit_test(tensors_stand_in_the_order_of_the_layers),
        cmocka_unit_test(each_part_must_be_there),
        cmocka_unit_test(an_empty_search_is_refused),
        cmocka_unit_test(counts_agree),
        cmocka_unit_test(unknown_fields_are_refused_at_every_depth),
        cmocka_unit_test(other_encodings_of_the_same_are_refused),
        cmocka_unit_test(lengths_that_overflow_are_refused),
        cmocka_unit_test(small_bytes_do_not_become_much_memory),
    };
    return cmocka_run_group_tests_name("checkpoint message", tests, NULL, NULL);
}
