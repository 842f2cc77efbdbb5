# SPDX-License-Identifier: Apache-2.0
"""For test_formats.py: for each format a parser written from its specification, and the place of
each value. This file has ganad's JSON, EVE and what the formats share, format_siem.py ECS and OCSF,
format_pairs.py the formats of key and text pairs, format_incident.py the incidents of JSON."""

import ipaddress
import json
import subprocess

from format_incident import check_incident, check_known, check_limit
from format_values import fail, float32, near, rfc3339, same, utf8

VERSION, ENTERPRISE, PID = "1.2.3", 32473, 4242
# In the order of their signatures, from 2.
HINTS = {"flood": "a flood", "scan": "a scan", "sweep": "a sweep", "guessing": "password guessing",
         "guessed": "a guessed password", "content": "unusual content",
         "volume": "an unusual volume", "service": "an unusual service",
         "malformed": "malformed packets", "beacon": "a beacon", "tunnel": "a tunnel",
         "host": "an unusual host"}
# https://attack.mitre.org
TECHNIQUES = {"T1018": "Remote System Discovery", "T1046": "Network Service Discovery",
              "T1048": "Exfiltration Over Alternative Protocol", "T1110": "Brute Force",
              "T1071": "Application Layer Protocol", "T1572": "Protocol Tunneling",
              "T1498": "Network Denial of Service"}
PRIORITY = {"loss": 3, "heartbeat": 6, "stats": 6}
KIND = {"alert": 1, "heartbeat": 2, "stats": 3, "loss": 4, "model": 6, "blind": 7, "limit": 8}
TEXTS = ("sensor", "source", "interface", "model", "model_sha256", "community_id", "output",
         "version", "client", "file", "evidence", "incident", "sentence",
         "action", "previous_sha256", "reason")


# --- the driver's output ---

class Event:
    """full: the line had space for everything, so that everything must be present."""

    def __init__(self, lines, full):
        self.full = full
        self.v, self.features, self.top, self.counters, self.lines = {}, {}, [], [], {}
        self.unusual = []
        self.hosts, self.ports, self.causes = {"top_source": [], "top_target": []}, [], []
        for line in lines:
            key, _, rest = line.partition(" ")
            if key == "line":
                name, _, text = rest.partition(" ")
                self.lines[name] = None if text == "-" else bytes.fromhex(text)
            elif key == "feature":
                name, text, value = rest.split(" ")
                self.features[name] = text if text != "-" else float(value)
            elif key == "top":
                name, value, expected, share, *numbers = rest.split(" ")
                if value == expected or float(share) == 0:  # such a reason says nothing
                    continue
                self.top.append((name, value, expected, float(share), *map(float, numbers)))
            elif key == "counter":
                value, _, name = rest.partition(" ")
                self.counters.append((bytes.fromhex(name.strip()), int(value)))
            elif key in self.hosts:
                n, _, address = rest.partition(" ")
                self.hosts[key].append((str(ipaddress.ip_address(bytes.fromhex(address.strip()))),
                                        int(n)))
            elif key == "unusual":
                sign, *numbers = rest.split(" ")
                self.unusual.append((sign, *map(float, numbers)))
            elif key == "top_port":
                n, port = rest.split(" ")
                self.ports.append((int(port), int(n)))
            elif key == "cause":
                n, _, hint = rest.partition(" ")
                self.causes.append({"n": int(n), **({"hint": hint} if hint else {})})
            elif key in TEXTS or key in ("src", "dst"):
                self.v[key] = bytes.fromhex(rest)
            elif key in ("kind", "run", "hint", "technique", "feedback", "state", "line_of",
                         "nature"):
                self.v[key] = rest
            else:
                real = "." in rest or "e" in rest or "inf" in rest
                self.v[key] = float(rest) if real else int(rest)
        self.kind = self.v["kind"]

    def text(self, key):
        return utf8(self.v[key])

    def id(self, clean=lambda s: s):
        run = self.v["run"]
        if self.kind == "loss":
            numbers = f"{self.v['first_seq']}-{self.v['last_seq']}"
            return clean(self.text("sensor")) + f"-{run}-loss-{numbers}"
        return clean(self.text("sensor")) + f"-{run}-{self.v['seq']}"

    def looks(self):
        return (f"looks like {HINTS[self.v['hint']]}" if self.v["hint"] else
                "anomalous connection")

    def signature(self):
        return 2 + list(HINTS).index(self.v["hint"]) if self.v["hint"] else 1

    def known(self, **names):
        """{key: value} of those that are known; names: key of the format = key of the dump."""
        return {key: self.text(k) if k in TEXTS else self.v[k] for key, k in names.items()
                if self.v[k]}

    def packets(self):
        if not self.v["src_packets"] and not self.v["dst_packets"]:
            return {}
        return {"pkts_toserver": self.v["src_packets"], "pkts_toclient": self.v["dst_packets"]}

    def prev_seq(self):
        return self.v["prev_seq"] if self.v["filtered"] and self.kind != "loss" else None

    def notes(self):
        words = ("guessed", "ambiguous", "interim", "cut", "blind", "background")
        return " ".join(w for i, w in enumerate(words) if self.v["notes"] >> i & 1)

    def is_refused(self):
        return self.kind == "model" and self.v["action"] == b"refused"

    def lost(self):
        """Number of lost events; None: not a loss. For numbers that were never used it is 0."""
        if self.kind == "loss":
            return 0 if self.v["unused"] else self.v["last_seq"] - self.v["first_seq"] + 1
        return None

    def warns(self):
        return (self.kind == "limit" or
                self.kind == "model" and self.v["action"] in (b"refused", b"drifted", b"over_budget") or
                self.kind == "blind" and self.v["action"] == b"blind")

    def priority(self):
        """The severity in syslog."""
        if self.kind == "alert":
            return {1: 1, 2: 4, 3: 5}[self.v["severity"]]
        if self.lost() == 0:
            return 5
        if self.kind in ("model", "blind", "limit"):
            return 4 if self.warns() else 5
        return PRIORITY[self.kind]

    def model(self):
        """The values that a model's event has."""
        return {k: self.text(k) for k in ("action", "model", "model_sha256", "previous_sha256",
                                          "reason")
                if self.v[k] or k in ("action", "model")}

    def address(self, key):
        return ipaddress.ip_address(self.v[key][:4 if self.v["family"] == 4 else 16])

    def proto(self):
        n = self.v["proto"]
        return {6: "TCP", 17: "UDP", 1: "ICMP", 58: "IPv6-ICMP"}.get(n, str(n))

    def sentence(self):
        """The message of the event for people, in bytes."""
        v = self.v
        if self.kind == "alert":  # tests/unit/event/test_sentence.c has its words
            return v["sentence"]
        if self.kind == "heartbeat":
            return (b"ganadd " + v["version"] +
                    f" is alive: up {v['uptime'] / 1e9:.0f} s, {v['records']} records, "
                    f"{v['alerts']} alerts".encode())
        if self.kind == "stats":
            seconds = v["uptime"] / 1e9
            return f"ganadd counts: {len(self.counters)} counters after {seconds:.0f} s".encode()
        if self.kind == "model":
            text = (b"model '" + v["model"] + b"' " if v["model"] else b"models ") + v["action"]
            if v["reason"]:
                return text + b": " + v["reason"]
            text += b": " + v["model_sha256"][:16] if v["model_sha256"] else b""
            return text + (b" instead of " + v["previous_sha256"][:16] if v["previous_sha256"]
                           else b"")
        if self.kind == "blind":
            name = b"capture '" + v["source"]
            if v["action"] == b"cleared":
                return name + f"' sees all again, after {v['period'] / 1e9:.0f} s".encode()
            rose = b", ".join(k + b" " + str(n).encode() for k, n in self.counters)
            return (name + b"' was blind" + (b": " + rose if rose else b""))[:511]
        if self.kind == "limit":
            return v["sentence"]
        if v["unused"]:
            numbers = f"{v['first_seq']} to {v['last_seq']}"
            return f"0 events were lost: no event had the numbers {numbers}".encode()
        return (("at most " if v["at_most"] else "") + f"{self.lost()} events were lost, "
                f"{v['first_seq']} to {v['last_seq']}").encode()

    def numbers(self):
        v = self.v
        if self.kind == "heartbeat":
            return {b"uptime": v["uptime"] // 10 ** 9, b"interval": v["interval"] // 10 ** 9,
                    b"records": v["records"],
                    b"alerts": v["alerts"]}
        if self.kind == "stats":
            return {b"uptime": v["uptime"] // 10 ** 9, **dict(self.counters)}
        if self.kind == "model":
            return {}
        if self.kind == "blind":
            return {b"period": v["period"] // 10 ** 9, **dict(self.counters)}
        if self.kind == "limit":
            return {b"period": v["period"] // 10 ** 9, b"high": v["high"], b"medium": v["medium"],
                    b"low": v["low"]}
        return {b"lost": Event.lost(self), b"first_seq": v["first_seq"], b"last_seq": v["last_seq"],
                b"at_most": v["at_most"]}


def events(dump, seed, n, length, full):
    p = subprocess.Popen([dump, str(seed), str(n), str(length)], stdout=subprocess.PIPE, text=True)
    lines = []
    for line in p.stdout:
        if line != "\n":
            lines.append(line.rstrip("\n"))
        else:
            yield Event(lines, full)
            lines = []
    if p.wait() != 0:
        fail("event_dump", p.returncode)


# --- JSON ---

def parse_json(line):
    def unique(pairs):
        keys = [k for k, _ in pairs]
        if len(set(keys)) != len(keys):
            fail("a key twice", keys)
        return dict(pairs)
    return json.loads(line.decode("utf-8", "strict"), object_pairs_hook=unique)


def check_features(what, got, e):
    same(what, list(got), list(e.features))
    for name, value in e.features.items():
        if isinstance(value, str):
            same(name, got[name], value)
        else:
            near(name, got[name], value, 6)


def check_top(what, got, e, n):
    same(what, len(got), n)
    for t, (name, value, expected, share, value_number, expected_number) in zip(got, e.top):
        same(what, (list(t), t["name"]), (["name", "value", "expected", "share"], name))
        if isinstance(e.features[name], str):
            same(what, (t["value"], t["expected"]), (value, expected))
        else:
            near(name, t["value"], value_number, 6)
            near(name + " expected", t["expected"], expected_number, 6)
        near("share", t["share"], share, 4)


def check_verdict(got, e):
    same("score", float32(got["score"]), e.v["score"])
    same("threshold", float32(got["threshold"]), e.v["threshold"])
    near("p_value", got["p_value"], e.v["p_value"], 6)
    same("p_extrapolated", got.get("p_extrapolated", False), bool(e.v["p_extrapolated"]))
    same("fpr_budget", got.get("fpr_budget", 0) or 0, e.v["fpr_budget"])


def check_rollup(got, e):
    same("rollup", got, {"count": e.v["count"], "first": rfc3339(e.v["first"]),
                         "last": rfc3339(e.v["last"])})


def detail(has_features, top, e):
    """The number of reasons: all, or only the first if the features are left out, too."""
    if e.full or has_features:
        same("features and reasons", (has_features, len(top)), (True, len(e.top)))
    elif len(top) < len(e.top):
        same("detail", len(top), 1)
    return len(top)


def check_numbers(got, e):
    """Counters can be left out of stats if the line is short; then uptime stays."""
    want = {utf8(k): n for k, n in e.numbers().items()}
    if not e.full and e.kind == "stats" and len(got) < len(want):
        want = {"uptime": want["uptime"]}
    same("numbers", got, want)


def check_native(line, e):
    o, v = parse_json(line), e.v
    same("schema", (o["schema"], o["event_type"], o["timestamp"]), (1, e.kind, rfc3339(v["time"])))
    same("names", (o["host"], o["event_id"], o.get("seq", 0), o.get("prev_seq")),
         (e.text("sensor"), e.id(), v["seq"], e.prev_seq()))
    same("sentence", o["sentence"], utf8(e.sentence()))
    if e.kind == "alert":
        check_incident(o.get("incident"), e, e.full)
        check_known(o, e, hint="hint", technique="technique", feedback="feedback", client="client",
                    pcap_filename="file", pcap_cnt="packet", evidence="evidence")
        same("verdict", (o["risk"], o["severity"], o["model"], o["model_sha256"]),
             (v["risk"], v["severity"], e.text("model"), e.text("model_sha256")))
        check_verdict(o, e)
        check_rollup(o["rollup"], e)
        same("from", (o.get("source", ""), o.get("in_iface", ""), o.get("community_id", ""),
                      o.get("tunnels", 0), o.get("notes", "")),
             (e.text("source"), e.text("interface"), e.text("community_id"), v["tunnels"],
              e.notes()))
        check_tuple(o, e)
        same("flow", o["flow"], {"bytes_toserver": int(e.features["src_bytes"]),
                                 "bytes_toclient": int(e.features["dst_bytes"]), **e.packets(),
                                 **flow_times(e, rfc3339)})
        check_top("top_features", o["top_features"], e,
                  detail("features" in o, o["top_features"], e))
        if "features" in o:
            check_features("features", o["features"], e)
    elif e.kind == "heartbeat":
        near("uptime", o["uptime"], v["uptime"] / 1e9, 8)
        same("heartbeat", (o["version"], o["interval"], o["records"], o["alerts"]),
             (e.text("version"), 60, v["records"], v["alerts"]))
    elif e.kind == "stats":
        near("uptime", o["uptime"], v["uptime"] / 1e9, 8)
        if e.full or "counters" in o:
            same("counters", o["counters"], {utf8(k): n for k, n in e.counters})
    elif e.kind == "model":
        same("model", {k: o[k] for k in o if k in ("action", "model", "model_sha256",
                                                   "previous_sha256", "reason")}, e.model())
    elif e.kind == "blind":
        near("period", o["period"], v["period"] / 1e9, 8)
        same("blind", (o["action"], o["source"], o["counters"]),
             (e.text("action"), e.text("source"), {utf8(k): n for k, n in e.counters}))
    elif e.kind == "limit":
        near("period", o["period"], v["period"] / 1e9, 8)
        same("limit", (o["high"], o["medium"], o["low"]), (v["high"], v["medium"], v["low"]))
        check_limit(o, e)
    elif e.kind == "loss":
        same("loss", (o["lost"], o["first_seq"], o["last_seq"], o["at_most"], o["output"]),
             (e.lost(), v["first_seq"], v["last_seq"], bool(v["at_most"]), e.text("output")))
    return o


def flow_times(e, form):
    return {k: form(e.v[k]) for k in ("start", "end") if e.v[k]}


def check_tuple(o, e):
    if e.v["family"]:
        same("tuple", (ipaddress.ip_address(o["src_ip"]), o["src_port"],
                       ipaddress.ip_address(o["dest_ip"]), o["dest_port"],
                       o["proto"]),
             (e.address("src"), e.v["src_port"], e.address("dst"), e.v["dst_port"], e.proto()))
    else:
        same("no tuple", [k for k in o if k in ("src_ip", "src_port", "dest_ip", "dest_port",
                                                "proto")], [])


def eve_time(ns):
    return rfc3339(ns)[:-1] + "+0000"


# Suricata's names of the protocols of some services, and services for which it has no name.
APPS = {"http": "http", "http_443": "tls", "ftp": "ftp", "smtp": "smtp", "telnet": "telnet",
        "ssh": "ssh", "domain_u": "dns",
        "ntp_u": "ntp", "imap4": "imap", "ldap": "ldap", "private": None, "other": None,
        "eco_i": None}


def check_app(got, e):
    service = e.features["service"]
    if service in APPS:
        same("application protocol", got, APPS[service])


def check_eve(line, e):
    o, v = parse_json(line), e.v
    same("head", (o["timestamp"], o["host"]), (eve_time(v["time"]), e.text("sensor")))
    if e.kind != "alert":
        check_eve_other(o, e)
        return o
    a, g = o["alert"], o["alert"]["context"]["ganad"]
    same("alert", (o["event_type"], a["action"], a["gid"], a["signature_id"], a["rev"],
                   a["severity"], a["category"],
                   a["signature"]),
         ("alert", "allowed", ENTERPRISE, e.signature(), 1, v["severity"], "Anomaly",
          f"GANAD {e.looks()} (model {e.text('model')})"))
    if e.full or "sentence" in g:
        same("technique", a.get("metadata"), {
            "mitre_technique_id": [v["technique"]],
            "mitre_technique_name": [TECHNIQUES[v["technique"]].replace(" ", "_")]}
            if v["technique"] else None)
        same("sentence", g["sentence"], utf8(e.sentence()))
        check_rollup(g["rollup"], e)
    check_incident(g.get("incident"), e, e.full)
    check_known(g, e, hint="hint", technique="technique", feedback="feedback", client="client",
                evidence="evidence")
    check_known(o, e, pcap_filename="file", pcap_cnt="packet")
    same("prev_seq", g.get("prev_seq"), e.prev_seq())
    same("ids", (g["schema"], g["event_id"], g["seq"], g["risk"], g["model"], g["model_sha256"],
                 g["source"], g.get("tunnels", 0), g.get("notes", "")),
         (1, e.id(), v["seq"], v["risk"], e.text("model"), e.text("model_sha256"), e.text("source"),
          v["tunnels"], e.notes()))
    check_verdict(g, e)
    check_tuple(o, e)
    if v["family"]:
        same("version, flow_id", (o["ip_v"], 0 <= o["flow_id"] < 2 ** 53), (v["family"], True))
    check_app(o.get("app_proto"), e)
    same("from", (o["direction"], o.get("in_iface", ""), o.get("community_id", "")),
         ("to_server", e.text("interface"), e.text("community_id")))
    same("flow", o["flow"], {"bytes_toserver": int(e.features["src_bytes"]),
                             "bytes_toclient": int(e.features["dst_bytes"]), **e.packets(),
                             **flow_times(e, eve_time)})
    check_top("top", g["top_features"], e, detail("features" in g, g["top_features"], e))
    if "features" in g:
        check_features("features", g["features"], e)
    return o


def check_eve_other(o, e):
    ints = o["metadata"]["flowints"]
    blind = ([{"action": e.text("action"), "source": e.text("source")}] if e.kind == "blind"
             else [])
    if e.kind == "limit":
        check_limit(o["metadata"]["flowvars"][0], e)
        o["metadata"]["flowvars"] = [{"event_id": o["metadata"]["flowvars"][0]["event_id"]}]
    same("id", (o["metadata"]["flowvars"], ints.pop("seq", None)),
         ([{"event_id": e.id()}] + blind, e.v["seq"] or None))
    same("prev_seq", ints.pop("prev_seq", None), e.prev_seq())
    check_numbers(ints, e)
    if e.kind == "stats":
        same("stats", (o["event_type"], o["stats"]),
             ("stats", {"uptime": e.v["uptime"] // 10 ** 9}))
    else:
        same("engine", (o["event_type"], o["engine"]),
             ("engine", {"module": "ganad", "message": utf8(e.sentence())}))
