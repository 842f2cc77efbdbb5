/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config_keys.h"

#include "daemon/config.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"
#include "lib/wire/socket.h"

#define IN(field)         offsetof(struct config, field)
#define IN_MODEL(field)   offsetof(struct config_model, field)
#define IN_CAPTURE(field) offsetof(struct config_capture, field)

/* clang-format off */
const struct config_key config_keys[] = {
    {"ganadd", "sensor", CONFIG_NAME, IN(ganadd.sensor), 0, 0, "", NULL,
     "name of this sensor in alerts; empty: the host name"},
    {"ganadd", "user", CONFIG_NAME, IN(ganadd.user), 0, 0, "", NULL,
     "if started as root, become this user once sockets and models are open; empty: stay"},
    {"ganadd", "log_level", CONFIG_CHOICE, IN(ganadd.log_level), 0, 0, "notice",
     "error|warn|notice|info|debug", "the least important lines that are still logged"},
    {"ganadd", "stop_timeout", CONFIG_DURATION, IN(ganadd.stop_timeout), 0.1, 3600, "10s", NULL,
     "longest time to finish accepted work after SIGTERM"},

    {"scoring", "unix", CONFIG_SOCKET, IN(scoring.unix_path), 0, 0, GAD_SCORING_SOCKET, NULL,
     "unix socket for records; empty: none"},
    {"scoring", "mode", CONFIG_MODE, IN(scoring.mode), 0, 0777, "0660", NULL,
     "permissions of the unix socket"},
    {"scoring", "tcp", CONFIG_ADDRESS, IN(scoring.tcp), 0, 0, "", NULL,
     "HOST:PORT to take records on as well, without encryption or login; empty: none"},
    {"scoring", "max_clients", CONFIG_COUNT, IN(scoring.max_clients), 1, 65536, "256", NULL,
     "connections at a time; further ones are told BUSY"},
    {"scoring", "in_flight", CONFIG_COUNT, IN(scoring.in_flight), 1, 1024, "64", NULL,
     "requests of one client that may wait for their answers before it is no longer read"},
    {"scoring", "packed_frame_max", CONFIG_SIZE, IN(scoring.packed_frame_max), 4096, 16 << 20, "1M", NULL,
     "longest packed request"},
    {"scoring", "idle_timeout", CONFIG_DURATION, IN(scoring.idle_timeout), 0.1, 86400, "5min", NULL,
     "a client that sends nothing, or does not take its answers, for this long is cut"},
    {"scoring", "frame_timeout", CONFIG_DURATION, IN(scoring.frame_timeout), 0.1, 3600, "10s", NULL,
     "a frame must be there this long after its first byte, however busy its sender is"},
    {"scoring", "client_memory", CONFIG_SIZE, IN(scoring.client_memory), 1 << 16, 256 << 20, "4M", NULL,
     "memory that decoding one request may take"},
    {"scoring", "client_output", CONFIG_SIZE, IN(scoring.client_output), 4096, 256 << 20, "1M", NULL,
     "answers of one client that may wait to be taken before it is no longer read"},
    {"scoring", "job_memory", CONFIG_SIZE, IN(scoring.job_memory), 1 << 20, 4e9, "32M", NULL,
     "records of all clients that are being scored; when it is full nobody is read"},

    {"control", "unix", CONFIG_SOCKET, IN(control.unix_path), 0, 0, GAD_CONTROL_SOCKET, NULL,
     "unix socket for ganadctl status and tail; empty: none"},
    {"control", "mode", CONFIG_MODE, IN(control.mode), 0, 0777, "0660", NULL,
     "permissions of the control socket"},
    {"control", "max_clients", CONFIG_COUNT, IN(control.max_clients), 1, 1024, "16", NULL,
     "control connections at a time"},

    {"alerts", "stdout", CONFIG_BOOL, IN(alerts.to_stdout), 0, 0, "no", NULL,
     "write alerts to the standard output"},
    {"alerts", "file", CONFIG_PATH, IN(alerts.file), 0, 0, "", NULL,
     "append alerts to this file; SIGHUP opens it anew; empty: none"},
    {"alerts", "unix", CONFIG_SOCKET, IN(alerts.unix_path), 0, 0, "", NULL,
     "unix stream socket of somebody who takes alerts; empty: none"},
    {"alerts", "queue", CONFIG_SIZE, IN(alerts.queue), 65536, 1 << 30, "8M", NULL,
     "alerts that may wait in memory for each output; when it is full new ones are dropped and counted"},

    {"records", "services", CONFIG_TEXT, IN(records.services), 0, 0, "", NULL,
     "names of services for ports of one's own, as in 'tcp/8080 = http, udp/5300-5353 = domain_u'"},
    {"records", "community_id_seed", CONFIG_COUNT, IN(records.community_id_seed), 0, 65535, "0", NULL,
     "seed of the Community ID; the same in every tool that is to give the same"},
    {"records", "file", CONFIG_PATH, IN(records.file), 0, 0, "", NULL,
     "append the records of captures to this file, as ganadctl extract writes them; empty: none"},
    {"records", "format", CONFIG_CHOICE, IN(records.format), 0, 0, "csv", "csv|ndjson",
     "as the KDD99 files, or an object a line"},
    {"records", "connection", CONFIG_BOOL, IN(records.connection), 0, 0, "no", NULL,
     "addresses, ports, times, Community ID and capture of each record as well"},
    {"records", "score", CONFIG_BOOL, IN(records.score), 0, 0, "no", NULL,
     "model, score, p-value and verdict of each record as well"},
    {"records", "clients", CONFIG_BOOL, IN(records.clients), 0, 0, "no", NULL,
     "the records that clients send to be scored as well"},
    {"records", "file_size", CONFIG_SIZE, IN(records.file_size), 4096, 1e12, "256M", NULL,
     "a file is moved away before it is longer"},
    {"records", "files", CONFIG_COUNT, IN(records.files), 1, 1000, "8", NULL,
     "files that were moved away and are kept, FILE.1 the last one"},

    {"capture", "interface", CONFIG_TEXT, IN_CAPTURE(interface), 0, 0, "", NULL,
     "network interface to capture on, or 'any'; empty: none"},
    {"capture", "file", CONFIG_PATH, IN_CAPTURE(file), 0, 0, "", NULL,
     "capture file to read, pcap or pcapng, plain or gzip; empty: none"},
    {"capture", "filter", CONFIG_TEXT, IN_CAPTURE(filter), 0, 0, "", NULL,
     "only packets that it takes, in the language of pcap-filter(7); empty: all"},
    {"capture", "snaplen", CONFIG_SIZE, IN_CAPTURE(snaplen), 64, 262144, "256K", NULL,
     "bytes of a packet that are captured"},
    {"capture", "buffer", CONFIG_SIZE, IN_CAPTURE(buffer), 1 << 20, 1 << 30, "64M", NULL,
     "kernel memory for packets that were not read yet"},
    {"capture", "promiscuous", CONFIG_BOOL, IN_CAPTURE(promiscuous), 0, 0, "yes", NULL,
     "packets for other hosts too"},
    {"capture", "checksums", CONFIG_CHOICE, IN_CAPTURE(checksums), 0, 0, "ignore", "ignore|verify|auto",
     "drop packets with a wrong checksum; auto: unless the first 1000 show that the sender's card made them"},
    {"capture", "tunnels", CONFIG_COUNT, IN_CAPTURE(tunnels), 0, GAD_TUNNELS_MAX, "0", NULL,
     "how deep tunnels are opened"},
    {"capture", "max_flows", CONFIG_COUNT, IN_CAPTURE(max_flows), 16, GAD_FLOWS_MAX, "262144", NULL,
     "connections at a time, about 200 bytes each; beyond it the oldest are cut short"},
    {"capture", "inspect_memory", CONFIG_SIZE, IN_CAPTURE(inspect_memory), 0, 1 << 30, "8M", NULL,
     "memory for looking into connections; 0: nobody looks"},

    {"model", "checkpoint", CONFIG_PATH, IN_MODEL(checkpoint), 0, 0, NULL, NULL,
     "the trained model"},
    {"model", "fpr_budget", CONFIG_REAL, IN_MODEL(fpr_budget), 1e-9, 0.5, "0.001", NULL,
     "share of normal records that may raise an alert: the threshold follows from it"},
    {"model", "threshold", CONFIG_REAL, IN_MODEL(threshold), -1e30, 1e30, "", NULL,
     "alert above this score, instead of fpr_budget; empty: not set"},
    {"model", "top_features", CONFIG_COUNT, IN_MODEL(top_features), 0, 41, "5", NULL,
     "reasons in each alert"},
    {"model", "search_rate", CONFIG_REAL, IN_MODEL(search_rate), 1, 1e6, "100", NULL,
     "searches a second of a model that searches (anogan); records beyond it are answered unscored"},
    {"model", "search_steps", CONFIG_COUNT, IN_MODEL(search_steps), 1, 100000, "1000", NULL,
     "a model whose searches have more steps is not loaded"},
};
/* clang-format on */
const size_t config_n_keys = sizeof(config_keys) / sizeof(config_keys[0]);

_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_KEYS_MAX,
               "names fit an array");
