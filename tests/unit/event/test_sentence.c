/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/event/event.h"
#include "lib/record/notes.h"
#include "lib/record/record.h"
#include "tests/support/random_event.h"
#include "tests/unit/test.h"

#define A(a, b, c, d)                                                                              \
    {                                                                                              \
        (a), (b), (c), (d)                                                                         \
    }

static struct gad_event e; /* too large for the stack */

static void alert_of(int protocol, const char *service, int flag)
{
    struct gad_record *r = &e.alert.record;

    memset(&e, 0, sizeof(e));
    e.kind = GAD_EVENT_ALERT;
    e.alert.count = 1;
    r->tuple = (struct gad_tuple){.family = 4,
                                  .proto = protocol == GAD_PROTOCOL_TCP   ? GAD_IP_TCP
                                           : protocol == GAD_PROTOCOL_UDP ? GAD_IP_UDP
                                                                          : GAD_IP_ICMP,
                                  .src_port = 51873,
                                  .dst_port = 445,
                                  .src = A(203, 0, 113, 7),
                                  .dst = A(10, 0, 0, 5)};
    if (protocol == GAD_PROTOCOL_ICMP)
        r->tuple.src_port = r->tuple.dst_port = 0;
    r->v[GAD_PROTOCOL_TYPE] = protocol;
    r->v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, service, strlen(service));
    r->v[GAD_FLAG] = flag;
}

static void probe(void)
{
    alert_of(GAD_PROTOCOL_TCP, "private", GAD_FLAG_S0);
}

/* Makes it the alert of an incident. */
static struct gad_incident *incident(uint64_t records, uint64_t sources, uint64_t targets,
                                     uint64_t ports)
{
    struct gad_incident *i = &e.alert.incident;

    *i = (struct gad_incident){.number = 7,
                               .state = GAD_INCIDENT_OPEN,
                               .nature = gad_nature_of(&e.alert.record),
                               .first = {INT64_C(1795442709000000000)},
                               .last = {INT64_C(1795442733500000000)},
                               .records = records,
                               .sources = {sources, sources > 32},
                               .targets = {targets, targets > 32},
                               .ports = {ports, ports > 32},
                               .answered = {targets > 1 ? 2 : 1, false}};
    i->hint = gad_hint_of(i, GAD_N_COLUMNS);
    return i;
}

static void reason(enum gad_column c, double value, double expected)
{
    e.alert.top[e.alert.n_top++] = (struct gad_reason){c, value, expected, 0.5};
    e.alert.record.v[c] = value;
}

static void says(const char *want)
{
    char text[GAD_EVENT_SENTENCE];

    gad_event_sentence(&e, text);
    assert_string_equal(text, want);
}

static void probes(void **state)
{
    (void)state;
    probe();

    says("203.0.113.7 tried 10.0.0.5 port 445 without an answer");
    e.alert.record.v[GAD_FLAG] = GAD_FLAG_REJ;
    reason(GAD_DST_HOST_RERROR_RATE, 0.98, 0.02);
    says("203.0.113.7 tried 10.0.0.5 port 445 and was refused: dst_host_rerror_rate 0.98 "
         "(expected 0.02)");
    e.alert.record.v[GAD_FLAG] = GAD_FLAG_RSTO;
    e.alert.n_top = 0;
    says("203.0.113.7 tried 10.0.0.5 port 445 (RSTO)");
    alert_of(GAD_PROTOCOL_UDP, "private", GAD_FLAG_SF);
    says("203.0.113.7 sent to 10.0.0.5 port 445 without an answer");

    probe();
    incident(50, 1, 1, 1);
    says("203.0.113.7 tried 10.0.0.5 port 445 50 times");
    e.alert.incident.answered.n = 0;
    says("203.0.113.7 tried 10.0.0.5 port 445 50 times; nothing answered");
    e.alert.record.notes = GAD_NOTE_GUESSED;
    says("203.0.113.7 tried 10.0.0.5 port 445 50 times; nothing answered; direction guessed");
}

static void scans_and_sweeps(void **state)
{
    (void)state;
    probe();

    incident(20, 1, 20, 1);
    says("203.0.113.7 tried 20 hosts on port 445; 2 answered; looks like a sweep");
    incident(134, 1, 134, 1)->targets.is_estimate = false;
    says("203.0.113.7 tried 134 hosts on port 445; 2 answered; looks like a sweep");
    incident(134, 1, 134, 20)->answered.n = 0;
    says("203.0.113.7 tried 134 hosts (estimated, +-3 %) on 20 ports; none answered; "
         "looks like a sweep");
    incident(1000, 1, 1, 1000)->ports.is_estimate = false;
    says("203.0.113.7 tried 1,000 ports of 10.0.0.5; looks like a scan");
    incident(300, 10, 1, 30);
    says("10 sources tried 30 ports of 10.0.0.5; some sources may be decoys; looks like a scan");
    e.alert.incident.state = GAD_INCIDENT_UPDATE;
    says("10 sources tried 30 ports of 10.0.0.5; some sources may be decoys; looks like a "
         "scan; still going on after 24 s");
    e.alert.incident.state = GAD_INCIDENT_CLOSED;
    e.alert.incident.bystanders = 1;
    says("10 sources tried 30 ports of 10.0.0.5; some sources may be decoys; looks like a "
         "scan; over after 24 s; 1 record of others follows from it");
}

static void floods(void **state)
{
    (void)state;
    probe();

    e.alert.record.tuple.dst_port = 80;
    incident(512820, 256, 1, 1);
    says("256 sources (estimated, +-3 %) sent 512,820 probes to 10.0.0.5 port 80 in 24 s; "
         "source addresses may be forged; looks like a flood");
    e.alert.incident.state = GAD_INCIDENT_CLOSED;
    e.alert.incident.bystanders = 39;
    says("256 sources (estimated, +-3 %) sent 512,820 probes to 10.0.0.5 port 80 in 24 s; "
         "source addresses may be forged; looks like a flood; over; "
         "39 records of others follow from it");
    incident(7971, 1, 1, 1);
    says("203.0.113.7 sent 7,971 probes to 10.0.0.5 port 80 in 24 s; looks like a flood");

    alert_of(GAD_PROTOCOL_ICMP, "ecr_i", GAD_FLAG_SF);
    says("203.0.113.7 exchanged an ICMP echo reply with 10.0.0.5");
    incident(266, 254, 1, 0);
    says("254 sources (estimated, +-3 %) exchanged 266 ICMP echo replies with 10.0.0.5 in 24 s; "
         "the sources may answer forged requests; looks like a flood");
    alert_of(GAD_PROTOCOL_ICMP, "red_i", GAD_FLAG_SF);
    incident(15000, 1, 1, 0);
    says("203.0.113.7 sent 15,000 ICMP redirects to 10.0.0.5 in 24 s; looks like a flood");
    alert_of(GAD_PROTOCOL_ICMP, "eco_i", GAD_FLAG_SF);
    incident(60, 1, 20, 0);
    says("203.0.113.7 sent 60 ICMP echo requests to 20 hosts in 24 s; looks like a sweep");
}

static void logins(void **state)
{
    (void)state;
    alert_of(GAD_PROTOCOL_TCP, "ssh", GAD_FLAG_SF);
    struct gad_incident *i;

    e.alert.record.v[GAD_NUM_FAILED_LOGINS] = 3;
    says("203.0.113.7 failed to log in 3 times at 10.0.0.5 (ssh)");
    e.alert.record.v[GAD_LOGGED_IN] = 1;
    e.alert.record.v[GAD_NUM_FAILED_LOGINS] = 1;
    says("203.0.113.7 failed to log in once at 10.0.0.5 (ssh), then logged in");
    i = incident(71, 1, 1, 1);
    i->logins = 1;
    says("203.0.113.7 failed to log in 70 times at 10.0.0.5 (ssh); looks like password "
         "guessing");
    i->succeeded = true;
    i->hint = gad_hint_of(i, GAD_N_COLUMNS);
    says("203.0.113.7 failed to log in 70 times at 10.0.0.5 (ssh), then logged in; looks like "
         "a guessed password");
    i = incident(700, 30, 4, 1);
    says("30 sources failed to log in 700 times at 4 hosts (ssh); looks like password "
         "guessing");

    alert_of(GAD_PROTOCOL_TCP, "ftp", GAD_FLAG_SF);
    e.alert.record.v[GAD_IS_GUEST_LOGIN] = e.alert.record.v[GAD_LOGGED_IN] = 1;
    says("203.0.113.7 logged in as a guest at 10.0.0.5 (ftp)");
}

static void content(void **state)
{
    (void)state;
    alert_of(GAD_PROTOCOL_TCP, "telnet", GAD_FLAG_SF);

    e.alert.record.v[GAD_ROOT_SHELL] = 1;
    e.alert.record.v[GAD_NUM_COMPROMISED] = 2;
    says("telnet session 203.0.113.7 -> 10.0.0.5 showed a root shell, "
         "2 compromised indicators");
    e.alert.record.v[GAD_NUM_SHELLS] = e.alert.record.v[GAD_HOT] = 1;
    incident(12, 1, 3, 1);
    says("telnet session 203.0.113.7 -> 10.0.0.5 showed a root shell, "
         "2 compromised indicators, 1 shell prompt; one of 12 sessions with 3 hosts; looks "
         "like unusual content");
}

static void malformed(void **state)
{
    (void)state;
    probe();

    e.alert.record.v[GAD_LAND] = 1;
    says("10.0.0.5 port 445 received a connection from its own address");
    alert_of(GAD_PROTOCOL_UDP, "private", GAD_FLAG_SF);
    e.alert.record.v[GAD_WRONG_FRAGMENT] = 3;
    incident(20, 1, 1, 1);
    says("203.0.113.7 sent wrong fragments to 10.0.0.5 port 445 in 20 connections; looks like "
         "malformed packets");
}

static void traffic(void **state)
{
    (void)state;
    static struct gad_event plain;

    alert_of(GAD_PROTOCOL_TCP, "http_443", GAD_FLAG_SF);

    e.alert.record.tuple.dst_port = 443;
    e.alert.record.v[GAD_DST_BYTES] = 4000;
    plain = e;
    reason(GAD_SRC_BYTES, 1.2e9, 5000);
    says("203.0.113.7 sent 1.2 GB to 10.0.0.5 port 443 (expected 5 kB)");
    incident(12, 1, 3, 1)->hint = GAD_HINT_VOLUME;
    says("203.0.113.7 sent 1.2 GB to 10.0.0.5 port 443 (expected 5 kB); one of 12 connections "
         "with 3 hosts; looks like an unusual volume");
    e = plain;
    reason(GAD_DST_BYTES, 340e6, 1);
    says("203.0.113.7 received 340 MB from 10.0.0.5 port 443 (expected 1 byte)");
    e = plain;
    reason(GAD_DURATION, 10800, 0.2);
    says("203.0.113.7 was connected to 10.0.0.5 port 443 for 3 h (expected less than 1 s)");
    e = plain;
    reason(GAD_DST_HOST_SAME_SRC_PORT_RATE, 1, 0.02);
    says("203.0.113.7 connected to 10.0.0.5 port 443; only its neighbours are unusual: "
         "dst_host_same_src_port_rate 1.00 (expected 0.02)");
    incident(40, 1, 1, 1)->last.ns += INT64_C(3600000000000);
    says("203.0.113.7 connected to 10.0.0.5 port 443 40 times in 60 min; only its neighbours "
         "are unusual: dst_host_same_src_port_rate 1.00 (expected 0.02)");
    e = plain;
    reason(GAD_FLAG, GAD_FLAG_S1, GAD_FLAG_SF);
    says("203.0.113.7 connected to 10.0.0.5 port 443 (http_443, S1): flag S1 (expected SF)");
    /* what is expected is no reason */
    e = plain;
    reason(GAD_SERVICE, e.alert.record.v[GAD_SERVICE], e.alert.record.v[GAD_SERVICE]);
    says("203.0.113.7 connected to 10.0.0.5 port 443 (http_443, SF)");
    reason(GAD_COUNT, 511, 2);
    says("203.0.113.7 connected to 10.0.0.5 port 443; only its neighbours are unusual: "
         "count 511 (expected 2)");

    alert_of(GAD_PROTOCOL_UDP, "domain_u", GAD_FLAG_SF);
    e.alert.record.tuple.dst_port = 53;
    e.alert.record.v[GAD_DST_BYTES] = 1;
    says("203.0.113.7 exchanged data with 10.0.0.5 port 53 (domain_u, SF)");
}

static void a_record_without_its_connection(void **state)
{
    (void)state;
    probe();

    e.alert.record.tuple = (struct gad_tuple){0};
    reason(GAD_COUNT, 511, 2);
    says("a record of service private (tcp, S0): count 511 (expected 2)");
    e.alert.count = 1234;
    says("1,234 records of service private (tcp, S0): count 511 (expected 2)");
    e.alert.record.v[GAD_ROOT_SHELL] = 1;
    e.alert.count = 1;
    says("a record of service private (tcp, S0) showed a root shell: count 511 (expected 2)");
}

static void ipv6_needs_no_brackets(void **state)
{
    (void)state;
    probe();

    e.alert.record.tuple.family = 6;
    e.alert.record.tuple.src[15] = e.alert.record.tuple.dst[15] = 1;
    says("cb00:7107::1 tried a00:5::1 port 445 without an answer");
}

static void limits(void **state)
{
    (void)state;
    memset(&e, 0, sizeof(e));
    e.kind = GAD_EVENT_LIMIT;

    e.limit =
        (struct gad_limit_event){.period = {INT64_C(60000000000)}, .high = 12, .medium = 34567};
    says("alerts were limited: 12 high, 34,567 medium and 0 low anomalous records in 60 s have "
         "no alert");
    e.limit.n_cause = e.limit.n_source = 1;
    e.limit.cause[0].hint = GAD_HINT_FLOOD;
    e.limit.source[0] = (struct gad_host_count){4, A(203, 0, 113, 7), 30000};
    says("alerts were limited: 12 high, 34,567 medium and 0 low anomalous records in 60 s have "
         "no alert; most look like a flood; most from 203.0.113.7");
}

static size_t words_of(const char *s)
{
    size_t n = 0;

    for (; *s; s += strcspn(s, " "), s += strspn(s, " "))
        n++;
    return n;
}

/* Whatever an alert holds, its sentence is a short line of ASCII. */
static void any_alert_has_a_short_sentence(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(18, 0);
    char text[GAD_EVENT_SENTENCE];

    for (int i = 0; i < 20000; i++) {
        random_event(&rng, true, &e);
        if (e.kind != GAD_EVENT_ALERT)
            continue;
        gad_event_sentence(&e, text);
        assert_in_range(words_of(text), 3, 35);
        for (const char *s = text; *s; s++)
            assert_in_range(*s, 0x20, 0x7e);
        const char *hint = gad_hint_phrase(e.alert.incident.hint);
        const char *at = *hint ? strstr(text, hint) : NULL;
        if (at && (at - text < 11 || strncmp(at - 11, "looks like ", 11) != 0))
            fail_msg("not as a hint: %s", text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probes),
        cmocka_unit_test(scans_and_sweeps),
        cmocka_unit_test(floods),
        cmocka_unit_test(logins),
        cmocka_unit_test(content),
        cmocka_unit_test(malformed),
        cmocka_unit_test(traffic),
        cmocka_unit_test(a_record_without_its_connection),
        cmocka_unit_test(ipv6_needs_no_brackets),
        cmocka_unit_test(limits),
        cmocka_unit_test(any_alert_has_a_short_sentence),
    };
    return cmocka_run_group_tests_name("sentence", tests, NULL, NULL);
}
