/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cost of a list of rules for a record. Usage: bench_suppress [RULES]. A record that matches no
 * rule is compared with all of them: that is measured, and a list of which each record matches one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/record/record.h"
#include "lib/suppress/list.h"

enum { RECORDS = 4096, ROUNDS = 9 };

static struct gad_record record[RECORDS];

static double now(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Rule number i of a list of one kind. */
static void hosts(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "src=10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
}

static void networks(unsigned i, char *text, size_t size)
{
    unsigned bits = 12 + i % 21;
    unsigned a = (10u << 24 | i * 2654435761u >> 8) & (0xffffffffu << (32 - bits));
    (void)snprintf(text, size, "host=%u.%u.%u.%u/%u dport=%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
                   a & 255, bits, i % 1000);
}

static void ports(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "dport=%u proto=udp", i % 65536);
}

static void anywhere(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "src=0.0.0.0/0 dport=%u", i % 65536);
}

static void mixed(unsigned i, char *text, size_t size)
{
    void (*const kinds[])(unsigned, char *, size_t) = {hosts, networks, ports, anywhere};
    static const char *const services[] = {"telnet", "smtp", "ftp"};

    if (i % 5 == 4)
        (void)snprintf(text, size, "src=2001:db8:%x::/%u service=%s", i, 48 + i % 17,
                       services[i % 3]);
    else
        kinds[i % 5](i, text, size);
}

static void ranges(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "dport=%u-%u", i % 30000, i % 30000 + 20000 + i / 30000);
}

static void scores(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "score<%g", -1.0 - 0.001 * i);
}

static void scores_above(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "score<%g sport=0-1", 2.0 + 0.001 * i);
}

static void models(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "model=m%u", i);
}

static void services(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "service=%s sport=%u", gad_name_text(GAD_SERVICE, (int)(i % 60)),
                   1024 + i / 60);
}

static void source_ports(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "sport=%u dport=80", i % 65536);
}

static void ranges_of_anywhere(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "src=0.0.0.0/0 dport=%u-%u proto=udp", i % 30000,
                   i % 30000 + 20000 + i / 30000);
}

/* One host, which half of the records have, to many. */
static void one_source(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "src=192.0.2.1 dst=10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255,
                   i & 255);
}

/* Prefixes of each length around one host. */
static void nested(unsigned i, char *text, size_t size)
{
    static const char *const sides[] = {"src", "dst", "host"};
    unsigned bits = 1 + i % 32, a = 0xc0000201u & (0xffffffffu << (32 - bits));

    (void)snprintf(text, size, "%s=%u.%u.%u.%u/%u dport=%u proto=udp", sides[i / 32 % 3], a >> 24,
                   a >> 16 & 255, a >> 8 & 255, a & 255, bits, i);
}

static void networks6(unsigned i, char *text, size_t size)
{
    (void)snprintf(text, size, "%s=2001:db8:%x::/%u", i % 2 ? "src" : "host", i, 48 + i % 65);
}

static void bench(const char *what, unsigned n, void (*kind)(unsigned, char *, size_t))
{
    struct gad_suppress *s = NULL;
    double t[ROUNDS];
    uint64_t id, hits = 0;

    if (gad_suppress_new(&s) != 0)
        return;
    for (unsigned i = 0; i < n; i++) {
        char text[GAD_RULE_TEXT];
        struct gad_rule r;
        kind(i, text, sizeof(text));
        if (gad_rule_parse(text, strlen(text), (struct gad_time){0}, &r, NULL) == 0)
            (void)!gad_suppress_add(s, &r, (struct gad_time){0}, &id, NULL);
    }
    double built = now();
    (void)gad_suppress_match(s, &record[0], "m", 1, (struct gad_time){1}); /* builds the index */
    built = now() - built;
    for (int k = 0; k < ROUNDS; k++) {
        double from = now();
        for (int i = 0; i < RECORDS; i++)
            hits += gad_suppress_match(s, &record[i], "m", 1, (struct gad_time){1}) != 0;
        t[k] = (now() - from) / RECORDS;
    }
    qsort(t, ROUNDS, sizeof(t[0]), by_value);
    printf("%-44s %6zu rules %7.0f ns a record, %5.1f %% expected; index %6.1f ms\n", what,
           gad_suppress_count(s), 1e9 * t[ROUNDS / 2], 100.0 * (double)hits / RECORDS / ROUNDS,
           1e3 * built);
    gad_suppress_free(s);
}

int main(int argc, char **argv)
{
    uint64_t n = 10000;
    struct gad_rng rng = gad_rng_init(1, 0);

    if (argc > 1 && gad_text_u64(argv[1], strlen(argv[1]), GAD_SUPPRESS_MAX, &n) != 0)
        return 2;
    for (int i = 0; i < RECORDS; i++) {
        struct gad_tuple *t = &record[i].tuple;
        t->family = i % 8 == 7 ? 6 : 4;
        t->proto = 6;
        t->src_port = t->dst_port = (uint16_t)gad_rng_u64(&rng);
        for (int k = 0; k < (t->family == 4 ? 4 : 16); k++) {
            t->src[k] = (uint8_t)gad_rng_u64(&rng);
            t->dst[k] = (uint8_t)gad_rng_u64(&rng);
        }
        if (i % 2 == 0 && t->family == 4)
            memcpy(t->src, (uint8_t[]){192, 0, 2, 1}, 4); /* one_source(), nested() */
        if (t->family == 6)
            memcpy(t->src, (uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
        record[i].v[GAD_SERVICE] = (double)gad_rng_below(&rng, 60);
    }
    bench("no rules", 0, hosts);
    bench("hosts", (unsigned)n, hosts);
    bench("networks of 21 lengths with ports", (unsigned)n, networks);
    bench("ports", (unsigned)n, ports);
    bench("ports of anywhere", (unsigned)n, anywhere);
    bench("all of these, IPv6 of 17 lengths, services", (unsigned)n, mixed);
    bench("services with a source port", (unsigned)n, services);
    bench("source ports to one port", (unsigned)n, source_ports);
    bench("IPv6 of 65 lengths", (unsigned)n, networks6);
    bench("one source, many destinations", (unsigned)n, one_source);
    bench("overlapping ranges of ports", (unsigned)n, ranges);
    bench("overlapping ranges of ports, of anywhere", (unsigned)n, ranges_of_anywhere);
    bench("scores that no record has", (unsigned)n, scores);
    bench("nested: prefixes around one host, with ports", (unsigned)n, nested);
    bench("scores that all have, not the ports", (unsigned)n, scores_above);
    bench("worst: models that are not there", (unsigned)n, models);
    return 0;
}
