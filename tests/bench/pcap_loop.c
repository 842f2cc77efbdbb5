/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of reading a capture by libpcap: pcap_loop FILE. Counts and touches each frame. */

#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

static uint64_t n, sum;

static void count(u_char *arg, const struct pcap_pkthdr *h, const u_char *frame)
{
    (void)arg;
    n++;
    sum += h->caplen > 23 ? frame[23] : 0;
}

int main(int argc, char **argv)
{
    char err[PCAP_ERRBUF_SIZE];
    pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], err) : NULL;

    if (!p || pcap_loop(p, -1, count, NULL) != 0) {
        fprintf(stderr, "pcap_loop: %s\n", argc != 2 ? "no FILE" : p ? pcap_geterr(p) : err);
        return 1;
    }
    printf("%llu packets, sum %llu\n", (unsigned long long)n, (unsigned long long)sum);
    pcap_close(p);
    return 0;
}
