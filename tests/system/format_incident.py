# SPDX-License-Identifier: Apache-2.0
"""As format_checks.py, for the JSON members of incidents and limits that all JSON formats share."""

import json

from format_values import near, rfc3339, same


def check_incident(got, e, full):
    """full: the format wrote everything, or the top addresses could be left out."""
    v = e.v
    if not v["incident"]:
        same("no incident", got, None)
        return
    got = json.loads(json.dumps(got))
    if not full and len(got) == 3:  # the least detail
        same("incident", (got["id"], got["state"], got["records"]),
             (e.text("incident"), v["state"], v["records"]))
        return
    names = {"sources": "top_source", "targets": "top_target"}
    for key, top in [(k, e.hosts[names[k]]) for k in names] + [("ports", e.ports)]:
        found = [(t.get("ip", t.get("port")), t["n"]) for t in got[key].pop("top")]
        if full or found:
            same("top " + key, found, top)
    check_unusual(got, e)
    same("incident", got, {
        "id": e.text("incident"), **e.known(state="state", line="line_of", nature="nature"),
        "first": rfc3339(v["incident_first"]), "last": rfc3339(v["incident_last"]),
        **{k: v[k] for k in ("records", "bystanders", "logins", "bytes_toserver",
                             "bytes_toclient")},
        "succeeded": bool(v["succeeded"]),
        **{k: {"n": v[k], "estimate": bool(v[k + "_estimate"]),
               **({"answered": v["answered"]} if k == "targets" else {})}
           for k in ("sources", "targets", "ports")}})


def check_unusual(got, e):
    if e.v["nature"] != "host":
        return
    same("forgeable", got.pop("forgeable"), bool(e.v["forgeable"]))
    found = got.pop("unusual")
    same("signs", [u["sign"] for u in found], [u[0] for u in e.unusual])
    for u, (_, value, usual, p) in zip(found, e.unusual):
        near("value", u["value"], value, 6)
        near("p_value", u["p_value"], p, 6)
        near("usual", u.get("usual", 0), usual, 6)


LEAST = {"technique", "pcap_filename", "pcap_cnt", "evidence"}  # not in the least detail


def check_known(got, e, **names):
    """names: key of the format = key of the dump."""
    want = e.known(**names)
    found = {k: got[k] for k in names if k in got}
    if not e.full and not LEAST & set(found):
        want = {k: want[k] for k in want if k not in LEAST}
    same("known", found, want)


def check_limit(got, e):
    same("limit", (got["causes"], [(t["ip"], t["n"]) for t in got["sources"]]),
         (e.causes, e.hosts["top_source"]))
