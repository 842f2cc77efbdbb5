# SPDX-License-Identifier: Apache-2.0
"""What test_formats.py knows of each format: a parser written from its specification, and which value goes where."""

import ipaddress
import json
import math
import re
import struct
import subprocess
import time

VERSION, ENTERPRISE, PID = "1.2.3", 32473, 4242
PRIORITY = {"loss": 3, "heartbeat": 6, "stats": 6}
KIND = {"alert": 1, "heartbeat": 2, "stats": 3, "loss": 4}
TEXTS = ("sensor", "source", "interface", "model", "model_sha256", "community_id", "output", "version")


def fail(what, *more):
    raise AssertionError(what + ": " + " ".join(map(repr, more)))


def same(what, got, want):
    if got != want:
        fail(what, got, want)


def near(what, got, want, digits):
    if not math.isclose(float(got), want, rel_tol=10.0 ** (1 - digits), abs_tol=1e-300):
        fail(what, got, want)


# --- texts ---

def utf8(raw):
    """Decoded, each byte that belongs to no sequence being U+FFFD."""
    out, at = [], 0
    while at < len(raw):
        for n in (1, 2, 3, 4):
            try:
                out.append(raw[at:at + n].decode())
                at += n
                break
            except UnicodeDecodeError:
                pass
        else:
            out.append("\ufffd")
            at += 1
    return "".join(out)


def plain(text, replaced=""):
    """Control characters are blanks, some others '_'."""
    return "".join(" " if c < " " or c == "\x7f" else "_" if c in replaced else c for c in text)


def key_text(raw):
    """Bytes of a key, which has letters, digits, '.', '_' and '-'."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", raw.decode("latin-1")) or "_"


def rfc3339(ns, micros=True):
    s, rest = divmod(ns, 10 ** 9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(s)) + (f".{rest // 1000:06d}Z" if micros else "Z")


def float32(x):
    return struct.unpack("<f", struct.pack("<f", float(x)))[0]


# --- the driver's output ---

class Event:
    def __init__(self, lines):
        self.v, self.features, self.top, self.counters, self.lines = {}, {}, [], [], {}
        for line in lines:
            key, _, rest = line.partition(" ")
            if key == "line":
                name, _, text = rest.partition(" ")
                self.lines[name] = None if text == "-" else bytes.fromhex(text)
            elif key == "feature":
                name, text, value = rest.split(" ")
                self.features[name] = text if text != "-" else float(value)
            elif key == "top":
                name, value, expected, share = rest.split(" ")
                self.top.append((name, value, expected, float(share)))
            elif key == "counter":
                value, _, name = rest.partition(" ")
                self.counters.append((bytes.fromhex(name.strip()), int(value)))
            elif key in TEXTS or key in ("src", "dst"):
                self.v[key] = bytes.fromhex(rest)
            elif key in ("kind", "run"):
                self.v[key] = rest
            else:
                self.v[key] = float(rest) if "." in rest or "e" in rest or "inf" in rest else int(rest)
        self.kind = self.v["kind"]

    def text(self, key):
        return utf8(self.v[key])

    def id(self, clean=lambda s: s):
        run = self.v["run"]
        if self.kind == "loss":
            return clean(self.text("sensor")) + f"-{run}-loss-{self.v['first_seq']}-{self.v['last_seq']}"
        return clean(self.text("sensor")) + f"-{run}-{self.v['seq']}"

    def address(self, key):
        return ipaddress.ip_address(self.v[key][:4 if self.v["family"] == 4 else 16])

    def proto(self):
        return {6: "TCP", 17: "UDP", 1: "ICMP", 58: "IPv6-ICMP"}.get(self.v["proto"], str(self.v["proto"]))

    def numbers(self):
        v = self.v
        if self.kind == "heartbeat":
            return {b"uptime": v["uptime"] // 10 ** 9, b"interval": v["interval"] // 10 ** 9, b"records": v["records"],
                    b"alerts": v["alerts"]}
        if self.kind == "stats":
            return {b"uptime": v["uptime"] // 10 ** 9, **dict(self.counters)}
        return {b"lost": v["last_seq"] - v["first_seq"] + 1, b"first_seq": v["first_seq"], b"last_seq": v["last_seq"],
                b"at_most": v["at_most"]}


def events(dump, seed, n, length):
    p = subprocess.Popen([dump, str(seed), str(n), str(length)], stdout=subprocess.PIPE, text=True)
    lines = []
    for line in p.stdout:
        if line != "\n":
            lines.append(line.rstrip("\n"))
        else:
            yield Event(lines)
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
            near(name, got[name], value, 5)


def check_top(what, got, e, n):
    same(what, len(got), n)
    for t, (name, value, expected, share) in zip(got, e.top):
        same(what, t["name"], name)
        if isinstance(t["value"], str):
            same(what, (t["value"], t["expected"]), (value, expected))
        near("share", t["share"], share, 4)


def check_verdict(got, e):
    same("score", float32(got["score"]), e.v["score"])
    same("threshold", float32(got["threshold"]), e.v["threshold"])
    near("p_value", got["p_value"], e.v["p_value"], 5)
    same("fpr_budget", got.get("fpr_budget", 0) or 0, e.v["fpr_budget"])


def check_rollup(got, e):
    same("rollup", got, {"count": e.v["count"], "first": rfc3339(e.v["first"]), "last": rfc3339(e.v["last"])})


def detail(o_features, o_top, e):
    """(are features there, how many reasons are there): as much as the level of detail says."""
    if not o_features and len(o_top) < len(e.top):
        same("detail", len(o_top), 1)
    return len(o_top)


def check_native(line, e):
    o, v = parse_json(line), e.v
    same("schema", (o["schema"], o["event_type"], o["timestamp"]), (1, e.kind, rfc3339(v["time"])))
    same("names", (o["host"], o["event_id"], o.get("seq", 0)), (e.text("sensor"), e.id(), v["seq"]))
    if e.kind == "alert":
        same("verdict", (o["risk"], o["severity"], o["model"], o["model_sha256"]),
             (v["risk"], v["severity"], e.text("model"), e.text("model_sha256")))
        check_verdict(o, e)
        check_rollup(o["rollup"], e)
        same("from", (o.get("source", ""), o.get("in_iface", ""), o.get("community_id", ""), o.get("tunnels", 0)),
             (e.text("source"), e.text("interface"), e.text("community_id"), v["tunnels"]))
        check_tuple(o, e)
        same("flow", o.get("flow", {}), flow_times(e, rfc3339))
        check_top("top_features", o["top_features"], e, detail("features" in o, o["top_features"], e))
        if "features" in o:
            check_features("features", o["features"], e)
    elif e.kind == "heartbeat":
        near("uptime", o["uptime"], v["uptime"] / 1e9, 8)
        same("heartbeat", (o["version"], o["interval"], o["records"], o["alerts"]),
             (e.text("version"), 60, v["records"], v["alerts"]))
    elif e.kind == "stats" and "counters" in o:
        same("counters", o["counters"], {utf8(k): n for k, n in e.counters})
    elif e.kind == "loss":
        same("loss", (o["lost"], o["first_seq"], o["last_seq"], o["at_most"], o["output"]),
             (v["last_seq"] - v["first_seq"] + 1, v["first_seq"], v["last_seq"], bool(v["at_most"]), e.text("output")))
    return o


def flow_times(e, form):
    return {k: form(e.v[k]) for k in ("start", "end") if e.v[k]}


def check_tuple(o, e):
    if e.v["family"]:
        same("tuple", (ipaddress.ip_address(o["src_ip"]), o["src_port"], ipaddress.ip_address(o["dest_ip"]), o["dest_port"],
                       o["proto"]),
             (e.address("src"), e.v["src_port"], e.address("dst"), e.v["dst_port"], e.proto()))
    else:
        same("no tuple", [k for k in o if k in ("src_ip", "src_port", "dest_ip", "dest_port", "proto")], [])


def eve_time(ns):
    return rfc3339(ns)[:-1] + "+0000"


def check_eve(line, e):
    o, v = parse_json(line), e.v
    same("head", (o["timestamp"], o["host"]), (eve_time(v["time"]), e.text("sensor")))
    if e.kind == "alert":
        a, g = o["alert"], o["alert"]["context"]["ganad"]
        same("alert", (o["event_type"], a["gid"], a["severity"], a["signature"]),
             ("alert", ENTERPRISE, v["severity"], f"GANAD anomalous connection (model {e.text('model')})"))
        same("ids", (g["event_id"], g["seq"], g["risk"], g["model"], g["model_sha256"], g["source"], g.get("tunnels", 0)),
             (e.id(), v["seq"], v["risk"], e.text("model"), e.text("model_sha256"), e.text("source"), v["tunnels"]))
        check_verdict(g, e)
        check_rollup(g["rollup"], e)
        check_tuple(o, e)
        same("from", (o.get("in_iface", ""), o.get("community_id", "")), (e.text("interface"), e.text("community_id")))
        want = {"bytes_toserver": int(e.features["src_bytes"]), "bytes_toclient": int(e.features["dst_bytes"]),
                **flow_times(e, eve_time)}
        same("flow", o["flow"], want)
        check_top("top", g["top_features"], e, detail("features" in g, g["top_features"], e))
        if "features" in g:
            check_features("features", g["features"], e)
    else:
        ints = o["metadata"]["flowints"]
        same("id", (o["metadata"]["flowvars"][0]["event_id"], ints.pop("seq", None)), (e.id(), v["seq"] or None))
        want = {utf8(k): n for k, n in e.numbers().items()}
        if len(ints) < len(want):
            want = {"uptime": want["uptime"]}
        same("numbers", ints, want)
    return o


ECS_KIND = {"alert": ("alert", ["network", "intrusion_detection"], ["connection", "info"]),
            "heartbeat": ("state", ["process"], ["info"]), "stats": ("metric", ["process"], ["info"]),
            "loss": ("event", ["process"], ["info"])}


def check_ecs(line, e):
    o, v = parse_json(line), e.v
    ev = o["event"]
    same("head", (o["@timestamp"], ev["id"], ev.get("sequence", 0), o["observer"]["name"], ev["dataset"]),
         (rfc3339(v["time"]), e.id(), v["seq"], e.text("sensor"), "ganad." + e.kind))
    # ECS lists what event.type may be for each event.category: error is not there for process.
    same("kind", (ev["kind"], ev["category"], ev["type"]), ECS_KIND[e.kind])
    if e.kind == "alert":
        g = o["ganad"]
        same("verdict", (ev["kind"], ev["risk_score_norm"], ev["severity"], float32(ev["risk_score"])),
             ("alert", v["risk"], 4 - v["severity"], v["score"]))
        same("rule", (o["rule"]["id"], o["rule"]["ruleset"], o["rule"]["version"]),
             (f"{ENTERPRISE}:1", e.text("model"), e.text("model_sha256")))
        near("p_value", g["p_value"], v["p_value"], 5)
        same("threshold", float32(g["threshold"]), v["threshold"])
        check_rollup(g["rollup"], e)
        same("from", (g["source"], g["tunnels"], o["network"].get("community_id", "")),
             (e.text("source"), v["tunnels"], e.text("community_id")))
        same("times", {k: ev[k] for k in ("start", "end") if k in ev}, flow_times(e, rfc3339))
        same("bytes", (o["source"]["bytes"], o["destination"]["bytes"]),
             (int(e.features["src_bytes"]), int(e.features["dst_bytes"])))
        if v["family"]:
            same("tuple", (ipaddress.ip_address(o["source"]["ip"]), o["source"]["port"],
                           ipaddress.ip_address(o["destination"]["ip"]), o["destination"]["port"], o["network"]["transport"]),
                 (e.address("src"), v["src_port"], e.address("dst"), v["dst_port"], e.proto().lower()))
        check_top("top", g["top_features"], e, detail("features" in g, g["top_features"], e))
        if "features" in g:
            check_features("features", g["features"], e)
    else:
        want = {utf8(k): n for k, n in e.numbers().items()}
        if len(o["ganad"]["numbers"]) < len(want):
            want = {"uptime": want["uptime"]}
        same("numbers", o["ganad"]["numbers"], want)
    return o


def check_ocsf(line, e):
    o, v = parse_json(line), e.v
    for key in ("category_uid", "class_uid", "activity_id", "type_uid", "severity_id", "time", "metadata"):
        if key not in o:
            fail("OCSF requires", key)
    same("type", o["type_uid"], o["class_uid"] * 100 + o["activity_id"])
    # anomaly_analyses came with 1.5.0; https://github.com/ocsf/ocsf-schema, CHANGELOG.md
    same("version", o["metadata"]["version"], "1.5.0")
    same("head", (o["time"], o["metadata"]["uid"], o["metadata"].get("sequence"), o["metadata"]["log_provider"]),
         (v["time"] // 10 ** 6, e.id(), v["seq"] or None, e.text("sensor")))
    if e.kind == "alert":
        f, x = o["finding_info"], o["evidences"][0]
        same("finding", (o["class_uid"], o["severity_id"], o["risk_score"], o["count"], f["uid"], f["analytic"]["name"],
                         f["first_seen_time"], f["last_seen_time"]),
             (2004, 5 - v["severity"], v["risk"], v["count"], e.id(), e.text("model"), v["first"] // 10 ** 6,
              v["last"] // 10 ** 6))
        same("period", (o["start_time"], o["end_time"]), (v["first"] // 10 ** 6, v["last"] // 10 ** 6))
        same("connection", x["data"], {
            "source": e.text("source"), "bytes_out": int(e.features["src_bytes"]), "bytes_in": int(e.features["dst_bytes"]),
            **({"tunnels": v["tunnels"]} if v["tunnels"] else {}),
            **{k + "_time": v[k] // 10 ** 6 for k in ("start", "end") if v[k]}})
        check_verdict(o["unmapped"], e)
        if v["family"]:
            same("tuple", (ipaddress.ip_address(x["src_endpoint"]["ip"]), x["src_endpoint"]["port"],
                           ipaddress.ip_address(x["dst_endpoint"]["ip"]), x["dst_endpoint"]["port"],
                           x["connection_info"]["protocol_num"], x["connection_info"].get("community_uid", "")),
                 (e.address("src"), v["src_port"], e.address("dst"), v["dst_port"], v["proto"], e.text("community_id")))
        a = o["anomaly_analyses"][0]
        n = detail("features" in o["unmapped"], a["anomalies"], e)
        same("reasons", [(t["observation_parameter"], t["observations"][0]["value"]) for t in a["anomalies"]],
             [(t[0], t[1]) for t in e.top[:n]])
        same("baselines", [(t["observation_parameter"], t["observations"][0]["value"]) for t in a["baselines"]],
             [(t[0], t[2]) for t in e.top[:n]])
        if "features" in o["unmapped"]:
            check_features("features", o["unmapped"]["features"], e)
    else:
        want = {utf8(k): n for k, n in e.numbers().items()}
        if len(o["unmapped"]) < len(want):
            want = {"uptime": want["uptime"]}
        same("numbers", o["unmapped"], want)
    return o
