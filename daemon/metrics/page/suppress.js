// SPDX-License-Identifier: Apache-2.0
// The command that would suppress an alert, in the language of ganad-suppress(5). Only values that
// need no quoting in a rule are used, and the rule is one word in single quotes for the shell.

const PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", "IPv6-ICMP": "icmp6"};
const plain = s => /^[A-Za-z0-9._:-]+$/.test(s);

// A rule for what all records of the incident share; for one without a common address, or without a
// single port, a rule for the shown record.
export function covers(event) {
    const i = event.incident;
    return !i || i.sources.n <= 1 || i.targets.n <= 1;
}

// Nothing that is clearly more anomalous than what is shown: a sender cannot hide behind the rule.
function limit(score) {
    const most = 1.2 * score;
    return most > 0 && most < 1e6 ? (most < 10 ? most.toFixed(4) : String(Math.ceil(most))) : undefined;
}

export function command(event) {
    const i = event.incident, all = covers(event), rule = [];
    const put = (key, value) => value !== undefined && plain(String(value)) && rule.push(key + "=" + value);
    if (!i || i.sources.n <= 1) put("src", event.src_ip);
    if (!i || i.targets.n <= 1 || !all) put("dst", event.dest_ip);
    if (event.dest_port && (!i || i.ports.n <= 1 || !all)) put("dport", event.dest_port);
    if (event.proto) put("proto", PROTOCOLS[event.proto] || event.proto);
    if (!event.src_ip) put("service", event.features && event.features.service);
    put("model", event.model);
    if (limit(event.score)) rule.push("score<" + limit(event.score));
    const id = (i ? i.id : event.event_id).replace(/[^A-Za-z0-9._:-]/g, "").slice(-100);
    return "ganadctl suppress add '" + rule.join(" ") + " expires=+7d comment=\"as " + id + "\"'";
}
