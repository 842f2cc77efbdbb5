/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings of ports to services: accepted or refused with a reason. With accepted ones, every
 * port has a name of the list. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/flow/ports.h"
#include "lib/record/column.h"
#include "lib/record/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Sums of all names, a different one for each table. */
static uint64_t all_ports(const struct gad_services *s)
{
    const int is_private = gad_name_number(GAD_SERVICE, "private", 7);
    const int is_other = gad_name_number(GAD_SERVICE, "other", 5);
    uint64_t sum = 0;

    for (unsigned port = 0; port < 65536; port++) {
        struct gad_tuple t = {.proto = GAD_IP_TCP, .dst_port = (uint16_t)port};
        int tcp = gad_services_of(s, &t, 0, 0);
        t.proto = GAD_IP_UDP;
        int udp = gad_services_of(s, &t, 0, 0);
        require(tcp >= 0 && (size_t)tcp < gad_columns[GAD_SERVICE].n_names);
        require(udp >= 0 && (size_t)udp < gad_columns[GAD_SERVICE].n_names);
        bool named = tcp != is_private && tcp != is_other;
        require(gad_ports_is_named(gad_services_ports(s), GAD_IP_TCP, (uint16_t)port) == named);
        enum gad_app app = gad_ports_app(gad_services_ports(s), (uint16_t)port);
        bool is_read = port == 587 || port == 5432 || port == 6379; /* without a name in KDD99 */
        require(named || is_read || app == GAD_APP_TEXT);
        sum = sum * 31 + (uint64_t)tcp * 128 + (uint64_t)udp;
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gad_cleanup(gad_services_freep) struct gad_services *s = NULL;
    gad_cleanup(gad_freep) char *text = gad_strndup((const char *)data, size);
    struct gad_diag d = {.text = ""};

    if (!text || gad_services_new(&s) != 0)
        return 0;
    bool good = gad_services_map(s, text, &d) == 0;
    require(good == (d.text[0] == '\0'));
    if (good || size % 16 ==
                    0) { /* what was refused has changed nothing; for speed not checked each time */
        gad_cleanup(gad_services_freep) struct gad_services *before = NULL;
        if (gad_services_new(&before) != 0)
            return 0;
        uint64_t sum = all_ports(s);
        require(good || sum == all_ports(before));
    }
    return 0;
}
