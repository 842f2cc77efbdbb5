# SPDX-License-Identifier: Apache-2.0
"""As format_checks.py, for formats of key and text pairs: CEF, LEEF, RFC 5424 and the journal."""

import ipaddress
import re

from format_checks import ENTERPRISE, KIND, PID, TEXTS, VERSION, Event
from format_values import fail, float32, key_text, near, plain, rfc3339, same, utf8


def top_text(e, n):
    return ", ".join(f"{name} {value} (expected {expected}) {100 * share:.0f}%"
                     for name, value, expected, share, *_ in e.top[:n])


def check_top_text(got, e):
    if got != top_text(e, len(e.top)) and (e.full or got != top_text(e, 1)):
        fail("top", got, top_text(e, len(e.top)))


def hosts_text(hosts):
    return ", ".join(f"{a} ({n})" for a, n in hosts)


def unusual_text(e):
    texts = [f"{sign} {value:.6g}" + f" (usual {usual:.6g})" * (usual > 0)
             for sign, value, usual, _ in e.unusual]
    return ", ".join(texts + ["forgeable"] * (bool(texts) and bool(e.v["forgeable"])))


def check_incident_pairs(got, e, names, clean):
    """As far as the event has an incident."""
    v, has = e.v, bool(e.v["incident"])
    estimated = [k for k in ("sources", "targets", "ports", "answered") if v[k + "_estimate"]]
    least = not e.full and has and names["incident_first"] not in got
    if not e.full and not has and names["technique"] not in got:
        least = True
    want = {"hint": v["hint"], "incident": clean(e.text("incident"))}
    if has:
        want |= {"incident_state": v["state"], "incident_records": v["records"]}
    if not least:
        want["technique"] = v["technique"]
    if has and not least:
        want |= {"incident_line": v["line_of"],
                 "incident_nature": v["nature"], "incident_first": v["incident_first"] // 10 ** 6,
                 "incident_last": v["incident_last"] // 10 ** 6,
                 "incident_src_bytes": v["bytes_toserver"],
                 "incident_dst_bytes": v["bytes_toclient"],
                 "unusual": unusual_text(e),
                 "estimated": " ".join(estimated), "succeeded": "1" * v["succeeded"],
                 **{k: v[k] for k in ("bystanders", "logins", "sources", "targets", "ports",
                                      "answered")}}
    for key, value in want.items():
        same(key, got.pop(names[key], ""), str(value))
    tops = {"top_sources": hosts_text(e.hosts["top_source"]),
            "top_targets": hosts_text(e.hosts["top_target"]), "top_ports": hosts_text(e.ports)}
    for key, text in tops.items():
        found = got.pop(names[key], "")
        if has and (e.full or found):
            same(key, found, text)


def check_place(got, e, names, clean):
    same("client", got.pop(names["client"], ""), clean(e.text("client")))
    found = [got.pop(names[k], "") for k in ("file", "packet", "evidence")]
    if e.full or any(found):
        same("place", found, [clean(e.text("file")), str(e.v["packet"]) * (e.v["packet"] > 0),
                              clean(e.text("evidence"))])
    same("packets", [int(got.pop(names[k])) for k in ("src_packets", "dst_packets")
                     if names[k] in got], list(e.packets().values()))
    same("p_extrapolated", got.pop(names["p_extrapolated"], ""), "1" * e.v["p_extrapolated"])


def check_pairs(got, e, names, clean, number):
    """got: {key: value}; names: from ours to the format's. A value that an event does not have must
    be absent."""
    v = e.v
    same("id", (got.pop(names["id"]), int(got.pop(names["seq"], 0))), (e.id(clean), v["seq"]))
    same("prev_seq", got.pop(names["prev_seq"], None), None if e.prev_seq() is None
         else str(e.prev_seq()))
    same("sensor", got.pop(names["sensor"], ""), clean(e.text("sensor")))
    if e.kind == "alert":
        same("score", float32(got.pop(names["score"])), v["score"])
        same("threshold", float32(got.pop(names["threshold"])), v["threshold"])
        near("p_value", got.pop(names["p_value"]), v["p_value"], 6)
        near("fpr_budget", float(got.pop(names["fpr_budget"], 0)) + 1, v["fpr_budget"] + 1, 9)
        for key in ("risk", "count", "tunnels"):
            same(key, int(got.pop(names[key], 0)), v[key])
        same("notes", got.pop(names["notes"], ""), e.notes())
        for key in ("model", "model_sha256", "community_id", "source", "interface"):
            same(key, got.pop(names[key], ""), clean(e.text(key)))
        for key in ("start", "end", "first", "last"):
            same(key, int(got.pop(names[key], 0)), v[key] // 10 ** 6)
        same("service", (got.pop(names["service"]), got.pop(names["flag"])),
             (e.features["service"], e.features["flag"]))
        same("bytes", (int(got.pop(names["src_bytes"])), int(got.pop(names["dst_bytes"]))),
             (int(e.features["src_bytes"]), int(e.features["dst_bytes"])))
        if v["family"]:
            six = "6" if v["family"] == 6 else ""
            src, dst = names["src" + six], names["dst" + six]
            same("tuple", (ipaddress.ip_address(got.pop(src)), int(got.pop(names["src_port"])),
                           ipaddress.ip_address(got.pop(dst)), int(got.pop(names["dst_port"])),
                           got.pop(names["proto"])),
                 (e.address("src"), v["src_port"], e.address("dst"), v["dst_port"], e.proto()))
        check_top_text(got.pop(names["top"], ""), e)
        check_incident_pairs(got, e, names, clean)
        check_place(got, e, names, clean)
    else:
        if e.kind == "limit":
            same("causes", got.pop(names["causes"], ""), ", ".join(
                f"{c.get('hint', 'none')} ({c['n']})" for c in e.causes))
            same("sources", got.pop(names["top_sources"], ""), hosts_text(e.hosts["top_source"]))
        if e.kind == "model":
            for key in ("action", "model", "model_sha256", "previous_sha256", "reason"):
                same(key, got.pop(names[key], ""), clean(e.text(key)))
        if e.kind == "blind":
            for key in ("action", "source"):
                same(key, got.pop(names[key], ""), clean(e.text(key)))
        if e.kind in ("loss", "heartbeat"):
            key = "output" if e.kind == "loss" else "version"
            same(key, got.pop(names[key], ""), clean(e.text(key)))
        want = {number(k): str(n) for k, n in e.numbers().items()}
        if not e.full and e.kind == "stats" and len(got) < len(want):
            want = {number(b"uptime"): want[number(b"uptime")]}
        same("numbers", got, want)
        got.clear()
    same("nothing else", got, {})


CEF_NAME = {"alert": "Anomalous connection", "heartbeat": "Heartbeat", "stats": "Counters",
            "loss": "Events were lost",
            "model": "Model", "blind": "Blind", "limit": "Alerts were limited"}
NEW = ("incidentState incidentLine incidentNature incidentFirst incidentLast incidentRecords "
       "incidentSrcBytes incidentDstBytes incident hint technique bystanders logins succeeded "
       "sources targets ports answered estimated unusual topSources topTargets topPorts pExtrapolated "
       "srcPackets dstPackets client evidence causes").split()


def our_name(key):
    """"top_sources" for "topSources"."""
    return re.sub("([A-Z])", r"_\1", key).lower()


CEF = {"id": "externalId", "seq": "ganadSeq", "prev_seq": "ganadPrevSeq", "sensor": "dvchost",
       "score": "anomalyScore", "threshold": "threshold",
       "p_value": "pValue", "fpr_budget": "fprBudget", "risk": "risk", "count": "cnt",
       "tunnels": "tunnels", "notes": "ganadNotes", "model": "model",
       "model_sha256": "modelSha256", "community_id": "communityId", "source": "capture",
       "interface": "deviceInboundInterface",
       "start": "ganadStart", "end": "ganadEnd", "first": "start", "last": "end", "service": "app",
       "flag": "connState",
       "src_bytes": "in", "dst_bytes": "out", "src": "src", "dst": "dst",
       "src6": "Source IPv6 Address",
       "dst6": "Destination IPv6 Address", "src_port": "spt", "dst_port": "dpt", "proto": "proto",
       "top": "topFeatures",
       "output": "output", "version": "version", "action": "act",
       "previous_sha256": "previousSha256", "reason": "reason",
       **{our_name(k): "ganad" + k[0].upper() + k[1:] for k in NEW},
       "file": "ganadPcapFilename", "packet": "ganadPcapCnt"}


def split_head(text, n):
    """n fields that end with '|', in which '\\' escapes."""
    fields, at, one = [], 0, ""
    while len(fields) < n:
        if text[at] == "\\":
            one += text[at + 1]
            at += 2
        elif text[at] == "|":
            fields.append(one)
            one = ""
            at += 1
        else:
            one += text[at]
            at += 1
    return fields, text[at:]


def parse_cef(line):
    head, ext = split_head(line.decode("utf-8", "strict"), 7)
    keys = list(re.finditer(r"(?:^| )([A-Za-z0-9_]+)=", ext))
    pairs = {}
    for i, m in enumerate(keys):
        raw = ext[m.end():keys[i + 1].start() if i + 1 < len(keys) else None]
        value = re.sub(r"\\(.)", lambda x: {"n": "\n", "r": "\r"}.get(x.group(1), x.group(1)), raw)
        if m.group(1) in pairs:
            fail("a key twice", m.group(1))
        pairs[m.group(1)] = value
    for key in [k for k in pairs if k.endswith("Label")]:
        pairs[pairs.pop(key)] = pairs.pop(key[:-5])
    return head, pairs


def check_cef(line, e):
    head, got = parse_cef(line)
    name = "Numbers were skipped" if e.lost() == 0 else CEF_NAME[e.kind]
    if e.kind == "alert":
        name = e.looks().capitalize()
    same("head", head[:6], ["CEF:0", "ganad", "ganadd", VERSION, f"{ENTERPRISE}:{KIND[e.kind]}",
                            name])
    same("severity", int(head[6]), (e.v["risk"] + 5) // 10 if e.kind == "alert" else 5 if e.lost()
         or e.warns() else 0)
    same("rt", int(got.pop("rt")), e.v["time"] // 10 ** 6)
    same("msg", got.pop("msg"), plain(utf8(e.sentence())))
    check_pairs(got, e, CEF, plain, lambda k: "ganad_" + re.sub("[.-]", "_", key_text(k)))


LEEF = {**CEF, "action": "action", "notes": "notes", "id": "eventId", "seq": "seq", "prev_seq": "prevSeq",
        "sensor": "sensor", "score": "score", "count": "count",
        "interface": "interface", "start": "start", "end": "end", "first": "first", "last": "last",
        "service": "service",
        "src_bytes": "srcBytes", "dst_bytes": "dstBytes", "src6": "src", "dst6": "dst",
        "src_port": "srcPort",
        "dst_port": "dstPort", **{our_name(k): k for k in NEW},
        "file": "pcapFilename", "packet": "pcapCnt"}


def check_leef(line, e):
    text = line.decode("utf-8", "strict")
    head = text.split("|", 6)
    same("head", head[:6], ["LEEF:2.0", "ganad", "ganadd", VERSION, f"{ENTERPRISE}:{KIND[e.kind]}",
                            "^"])
    got = {}
    for pair in head[6].split("^"):
        key, _, value = pair.partition("=")
        if key in got:
            fail("a key twice", key)
        got[key] = value
    # Java's SimpleDateFormat, by which QRadar reads devTimeFormat, supports milliseconds only.
    same("devTime", got.pop("devTime"), rfc3339(e.v["time"])[:-4] + "Z")
    same("format", (got.pop("devTimeFormat"), got.pop("cat")),
         ("yyyy-MM-dd'T'HH:mm:ss.SSSX", "Anomaly" if e.kind == "alert" else "Sensor"))
    same("sev", int(got.pop("sev")), max(1, (e.v["risk"] + 5) // 10) if e.kind == "alert" else 5
         if e.lost() or e.warns() else 1)
    same("msg", got.pop("msg"), plain(utf8(e.sentence()), "^"))
    check_pairs(got, e, LEEF, lambda s: plain(s, "^"), lambda k: "n_" + key_text(k))


SYSLOG = {**LEEF, "threshold": "thr", "p_value": "p", "fpr_budget": "fpr", "community_id": "cid",
          "interface": "iface", "count": "cnt", "src_port": "spt", "dst_port": "dpt",
          "flag": "state", "top": "top"}


def parse_5424(line):
    """Header fields, {SD-ID: {name: value}}, MSG. RFC 5424 section 6."""
    text = line.decode("utf-8", "strict")
    m = re.match(r"<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) ", text)
    at, data = m.end(), {}
    if text[at] == "-":
        at += 1
    while at < len(text) and text[at] == "[":
        sd = re.compile(r"\[([^\s=\]\"]{1,32})").match(text, at)
        at, params = sd.end(), {}
        while text[at] == " ":
            p = re.compile(r' ([^\s=\]"]{1,32})="((?:[^"\\\]]|\\.)*)"').match(text, at)
            if p.group(1) in params:
                fail("a parameter twice", p.group(1))
            params[p.group(1)] = re.sub(r'\\(["\\\]])', r"\1", p.group(2))
            at = p.end()
        same("end of SD", text[at], "]")
        at += 1
        data[sd.group(1)] = params
    return m.groups(), data, text[at + 1:]


def check_syslog(line, e):
    (pri, when, host, app, pid, msgid), data, msg = parse_5424(line)
    level = e.priority()
    raw = e.v["sensor"]
    name = "".join(chr(c) if 0x20 < c < 0x7f else "_" for c in raw) or "-"
    same("header", (int(pri), when, host, app, int(pid), msgid),
         (16 * 8 + level, rfc3339(e.v["time"]), name, "ganadd", PID, e.kind.upper()))
    if e.v["seq"]:
        same("meta", data["meta"], {"sequenceId": str((e.v["seq"] - 1) % (2 ** 31 - 1) + 1)})
    want = plain(utf8(e.sentence()))
    same("MSG", msg, want if want.isascii() else "\ufeff" + want)
    check_pairs(data[f"ganad@{ENTERPRISE}"], e, SYSLOG, plain, lambda k: key_text(k)[:32])


JOURNAL = {k: "GANAD_" + k.upper() for k in SYSLOG}
JOURNAL |= {"id": "GANAD_EVENT_ID", "flag": "GANAD_CONN_STATE", "source": "GANAD_CAPTURE",
            "top": "GANAD_TOP_FEATURES", "file": "GANAD_PCAP_FILENAME", "packet": "GANAD_PCAP_CNT",
            "src6": "GANAD_SRC", "dst6": "GANAD_DST"}


def parse_journal(data):
    fields = {}
    while data:
        head, _, rest = data.partition(b"\n")
        if b"=" in head:
            key, _, value = head.partition(b"=")
            data = rest
        else:
            key, n = head, int.from_bytes(rest[:8], "little")
            value, data = rest[8:8 + n], rest[8 + n:]
            same("line end", data[:1], b"\n")
            data = data[1:]
        if not re.fullmatch(rb"[A-Z][A-Z0-9_]*", key) or key in fields:
            fail("a field's name", key)
        fields[key] = value
    return {k.decode(): v for k, v in fields.items()}


def check_journal(data, e):
    got = parse_journal(data)
    fields = dict(got)
    same("fixed", (got.pop("SYSLOG_IDENTIFIER"), got.pop("MESSAGE_ID")),
         (b"ganadd", f"5b0a3f2c7d9e4c1e8f64a1d2b37c9e{KIND[e.kind]:02x}".encode()))
    same("PRIORITY", int(got.pop("PRIORITY")),
         e.priority())
    same("MESSAGE", got.pop("MESSAGE"), e.sentence())
    raw = {k: v.decode("latin-1") for k, v in got.items()}
    texts = [k for k in TEXTS if k in JOURNAL and JOURNAL[k] in got]
    same("raw texts", {k: got[JOURNAL[k]] for k in texts},
         {k: e.v[k] for k in texts if e.v.get(k)})
    latin = Latin(e)
    check_pairs(raw, latin, JOURNAL, lambda s: s,
                lambda k: "GANAD_N_" + re.sub(rb"[^A-Z0-9]", b"_", k.upper()).decode())
    return fields


class Latin:
    """The event with its texts byte for byte, as the journal keeps them."""

    def __init__(self, e):
        self.__dict__ = e.__dict__
        self.e = e

    def text(self, key):
        return self.v[key].decode("latin-1")

    def id(self, clean=lambda s: s):
        return Event.id(self, clean)

    def prev_seq(self):
        return Event.prev_seq(self)

    def notes(self):
        return Event.notes(self)

    def address(self, key):
        return Event.address(self, key)

    def proto(self):
        return Event.proto(self)

    def numbers(self):
        return Event.numbers(self)

    def packets(self):
        return Event.packets(self)
