# SPDX-License-Identifier: Apache-2.0
"""What ganadd reported about each phase of the trial, from its events and its record log.

Run alone it judges the files that `run --out DIR` kept:

    report.py DIR

Members that older versions of ganadd do not write are not needed.
"""

import collections
import csv
import dataclasses
import datetime
import glob
import json
import sys

from network import FIRST_ATTACKER, INNOCENTS, PREFIX

LEVELS = {1: "high", 2: "medium", 3: "low"}
ATTACKERS = {PREFIX + str(n) for n in range(FIRST_ATTACKER, 255)}
PAIR_LINES = ("", "pair", "source")  # lines of which the source address is accused


@dataclasses.dataclass
class Phase:
    """A time with at most one attack. Times are seconds since 1970."""

    name: str
    begin: float = 0.0
    end: float = 0.0
    attacker: str = ""  # "": no attack
    target: str = ""  # an address, or the beginning of addresses
    is_forged: bool = False
    victims: tuple = ()  # addresses that the attacker forged; they count as the attacker's


@dataclasses.dataclass
class Alert:
    """One event of type alert."""

    emitted: float
    begin: float  # of the connection that it shows, or of its first record
    src: str
    dst: str
    severity: int
    count: int
    line: str  # of its incident
    state: str
    incident: str  # its id; "": none
    bystanders: int
    hint: str
    sentence: str
    sources: list  # the commonest ones of its incident


def seconds(text):
    if not text:
        return 0.0
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def own_sentence(event):
    """For versions that write none: the connection and the first top feature."""
    f, top = event.get("features", {}), event.get("top_features", [])
    words = [f"{event.get('src_ip', '?')} > {event.get('dest_ip', '?')}:{event.get('dest_port', 0)}",
             f.get("service", ""), f.get("flag", "")]
    if top:
        words.append(f"{top[0]['name']} {top[0]['value']} (expected {top[0]['expected']})")
    if (n := event.get("rollup", {}).get("count", 1)) > 1:
        words.append(f"x{n}")
    return " ".join(w for w in words if w)


def addresses(items):
    """Of a list of the commonest hosts, in whatever form."""
    if isinstance(items, dict):
        items = items.get("top", [])
    return [i.get("ip") or i.get("address") or "" if isinstance(i, dict) else str(i)
            for i in items if not isinstance(i, (int, float))] if isinstance(items, list) else []


def alert_of(event):
    incident, rollup = event.get("incident") or {}, event.get("rollup") or {}
    emitted = seconds(event["timestamp"])
    begin = (seconds(event.get("flow", {}).get("start")) or seconds(rollup.get("first")) or emitted)
    return Alert(
        emitted=emitted, begin=begin, src=event.get("src_ip", ""), dst=event.get("dest_ip", ""),
        severity=event.get("severity", 0), count=rollup.get("count", 1),
        line=incident.get("line", ""), state=incident.get("state", ""),
        incident=str(incident.get("id", incident.get("number", ""))),
        bystanders=incident.get("bystanders", 0),
        hint=str(event.get("hint") or incident.get("hint") or ""),
        sentence=event.get("sentence") or incident.get("sentence") or own_sentence(event),
        sources=addresses(incident.get("top_sources") or incident.get("sources") or []))


def read_events(paths):
    """Returns the alerts, and the number of events of each type."""
    alerts, kinds = [], collections.Counter()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for line in f:
                event = json.loads(line)
                kinds[event["event_type"]] += 1
                if event["event_type"] == "alert":
                    alerts.append(alert_of(event))
    return sorted(alerts, key=lambda a: a.emitted), kinds


def read_records(paths):
    """Returns (source, target, start, whether it is anomalous) of each record."""
    records = []
    for path in paths:
        with open(path, encoding="utf-8", newline="") as f:
            records += [(r["src_ip"], r["dest_ip"], float(r["start"]), r["anomalous"] == "1")
                        for r in csv.DictReader(f) if r.get("anomalous")]
    return records


def read_phases(path):
    with open(path, encoding="utf-8") as f:
        return [Phase(**p) for p in json.load(f)]


def write_phases(path, phases):
    with open(path, "w", encoding="utf-8") as f:
        json.dump([dataclasses.asdict(p) for p in phases], f, indent=1)


def is_about(phase, alert):
    """Whether an alert names the attack of a phase: by its endpoints, by the commonest sources of
    its incident, or by forged sources at its time. An alert can name several attacks."""
    if not phase.attacker or alert.emitted < phase.begin:
        return False
    if phase.attacker in (alert.src, alert.dst):
        return alert.src not in INNOCENTS
    return phase.attacker in alert.sources or (phase.is_forged and is_forged_flood(phase, alert))


def is_forged_flood(phase, alert):
    forged = alert.src not in INNOCENTS or alert.src in phase.victims
    at_target = alert.dst.startswith(phase.target) or alert.src in phase.victims
    during = phase.begin - 1 <= alert.begin <= phase.end + 1
    return forged and at_target and during and alert.src not in ATTACKERS


def phase_at(phases, time):
    """The last phase that had begun."""
    begun = [p for p in phases if p.begin - 1 <= time]
    return begun[-1] if begun else None


def accuses(phase, alert):
    """The innocent address that an alert names as the source, or ""."""
    is_victim = phase is not None and alert.src in phase.victims
    return alert.src if alert.src in INNOCENTS and alert.line in PAIR_LINES and not is_victim else ""


def judge_phase(phase, about, beside):
    """One row: about are the alerts of the attack, beside the others of its time."""
    row = {"attack": phase.name, "attacker": phase.attacker, "alerted": bool(about)}
    accused = collections.Counter(a for x in beside if (a := accuses(phase, x)))
    row["innocents_accused"] = len(accused)
    row["accused"] = {INNOCENTS[a]: n for a, n in accused.items()}
    row["accusing"] = [x.sentence for x in beside if accuses(phase, x)][:20]
    row["other_alerts"] = len(beside)
    row["innocents_among_sources"] = len({s for x in about for s in x.sources if s in INNOCENTS})
    if not about:
        return row
    first = about[0]
    latest = {x.incident: x for x in about if x.incident}  # the last alert of each incident
    worst = min((x.severity for x in about if x.severity), default=0)
    shown = min(latest.values() or about, key=lambda x: (x.severity or 9, -x.count))
    row.update(
        seconds=round(first.emitted - phase.begin, 1), events=len(about),
        records=sum(x.count for x in about), incidents=len(latest), severity=LEVELS.get(worst, "?"),
        severities=dict(collections.Counter(LEVELS.get(x.severity, "?") for x in about)),
        bystanders=sum(x.bystanders for x in latest.values()), hint=shown.hint,
        first_sentence=first.sentence, sentence=shown.sentence)
    return row


def share(records, phases):
    """Of the records between ordinary hosts that began in these phases: number, anomalous."""
    total = anomalous = 0
    for src, dst, start, is_anomalous in records:
        inside = any(p.begin <= start <= p.end for p in phases)
        # Without the reflected packets of a forged attack: no client or server made them.
        if inside and src in INNOCENTS and dst in INNOCENTS:
            total += 1
            anomalous += is_anomalous
    return {"records": total, "anomalous": anomalous,
            "share": round(anomalous / total, 5) if total else 0}


def add_records(row, phase, records):
    """How many records the attack itself made, and how many of them were anomalous: what the model
    misses is no fault of the alerts."""
    def is_own(src, dst):
        known = src in INNOCENTS or src in ATTACKERS
        return src == phase.attacker or (phase.is_forged and (
            src in phase.victims or (not known and dst.startswith(phase.target))))

    own = [is_anomalous for src, dst, start, is_anomalous in records
           if phase.begin - 1 <= start <= phase.end + 1 and is_own(src, dst)]
    row["own_records"], row["own_anomalous"] = len(own), sum(own)


def judge(events, phases, records):
    """Returns rows (one a phase) and totals."""
    alerts, kinds = events
    about, beside = collections.defaultdict(list), collections.defaultdict(list)
    for a in alerts:
        owners = [p for p in phases if is_about(p, a)]
        for p in owners:
            about[p.name].append(a)
        if not owners and (phase := phase_at(phases, a.begin)):
            beside[phase.name].append(a)
    rows = [judge_phase(p, about[p.name], beside[p.name]) for p in phases]
    for row, phase in zip(rows, phases):
        if phase.attacker:
            add_records(row, phase, records)
    attacks = [r for r in rows if r["attacker"]]
    quiet = [p for p in phases if not p.attacker]
    latest = {a.incident: a for a in alerts if a.incident}
    worst = {}
    for a in alerts:
        if a.incident:
            worst[a.incident] = min(a.severity, worst.get(a.incident, 9))
    totals = {
        "attacks": len(attacks), "alerted": sum(r["alerted"] for r in attacks),
        "missed": [r["attack"] for r in attacks if not r["alerted"]],
        "missed_but_anomalous": [r["attack"] for r in attacks
                                 if not r["alerted"] and r["own_anomalous"]],
        "events": dict(kinds), "alerts": len(alerts), "incidents": len(latest),
        "severity_of_alerts": dict(collections.Counter(LEVELS.get(a.severity, "?")
                                                       for a in alerts)),
        "severity_of_incidents": dict(collections.Counter(LEVELS.get(s, "?")
                                                          for s in worst.values())),
        "alerts_in_quiet": sum(len(beside[p.name]) for p in quiet),
        "innocents_accused": sum(r["innocents_accused"] for r in attacks),
        "alerts_accusing_innocents": sum(sum(r["accused"].values()) for r in attacks),
        "ordinary_records_quiet": share(records, quiet),
        "ordinary_records_loud": share(records, [p for p in phases if p.attacker])}
    return {"rows": rows, "totals": totals}


COLUMNS = ("attack", "own_records", "own_anomalous", "alerted", "seconds", "events", "incidents", "severity", "innocents_accused",
           "bystanders", "hint", "sentence")


def cell(row, column):
    value = row.get(column, "")
    if column == "alerted":
        return "" if not row["attacker"] else "yes" if value else "NO"
    if column == "events" and not row["attacker"]:
        return row["other_alerts"]
    return value


def show(result, width=110):
    """Prints the table; sentences are cut to the width."""
    form = "{:16} {:>7} {:>7} {:5} {:>7} {:>6} {:>4} {:6} {:>7} {:>7}  {}"
    print("\n" + form.format("attack", "records", "anomal.", "found", "after s", "events", "inc.", "level", "accused",
                             "bystand", "hint: sentence"))
    for r in result["rows"]:
        v = [str(cell(r, c)) for c in COLUMNS]
        text = ": ".join(x for x in v[10:] if x)
        print(form.format(*v[:10], text[:width]).rstrip())
    for k, v in result["totals"].items():
        print(f"{k:26} {v}")


def write(directory, result):
    """Writes result.json, and the table as result.tsv."""
    with open(f"{directory}/result.json", "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
    with open(f"{directory}/result.tsv", "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, delimiter="\t", lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows([cell(r, c) for c in COLUMNS] for r in result["rows"])


if __name__ == "__main__":
    where = sys.argv[1]
    found = judge(read_events(sorted(glob.glob(f"{where}/events.json*"))),
                  read_phases(f"{where}/phases.json"),
                  read_records(sorted(glob.glob(f"{where}/records.csv*"))))
    show(found)
    write(where, found)
