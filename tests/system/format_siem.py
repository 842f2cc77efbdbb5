# SPDX-License-Identifier: Apache-2.0
"""As format_checks.py, for the two large schemas: ECS and OCSF."""

import ipaddress

from format_checks import (ENTERPRISE, TECHNIQUES, VERSION, check_app, check_features,
                           check_numbers, check_rollup, check_top, check_verdict,
                           detail, flow_times, parse_json)
from format_incident import check_incident, check_known, check_limit
from format_values import fail, float32, near, rfc3339, same, utf8

# ECS lists the legal event.type for each event.category: error is not legal for process.
ECS_KIND = {"alert": ("alert", ["network", "intrusion_detection"], ["connection", "info"]),
            "heartbeat": ("state", ["process"], ["info"]),
            "stats": ("metric", ["process"], ["info"]),
            "loss": ("event", ["process"], ["info"]),
            "model": ("event", ["configuration"], ["change"]),
            "blind": ("event", ["process"], ["info"]),
            "limit": ("event", ["process"], ["info"])}


def check_ecs(line, e):
    o, v = parse_json(line), e.v
    ev, observer = o["event"], o["observer"]
    same("kind", (ev["kind"], ev["category"], ev["type"], ev["module"], ev["dataset"]),
         (*ECS_KIND[e.kind], "ganad", "ganad." + e.kind))
    same("head", (o["@timestamp"], ev["created"], ev["id"], ev.get("sequence"), o["message"]),
         (rfc3339(v["time"]), rfc3339(v["time"]), e.id(), v["seq"] or None, utf8(e.sentence())))
    same("prev_seq", o["ganad"].pop("prev_seq", None), e.prev_seq())
    same("observer", (observer["name"], observer["version"], observer["type"]),
         (e.text("sensor"), VERSION, "ids"))
    if e.kind == "alert":
        check_ecs_alert(o, e)
    elif e.kind == "model":
        same("outcome", ev["outcome"], "failure" if e.is_refused() else "success")
        same("model", o["ganad"], {"schema": 1, **e.model()})
    else:
        if e.kind == "blind":
            same("blind", (o["ganad"]["action"], o["ganad"]["source"]),
                 (e.text("action"), e.text("source")))
        if e.kind == "limit":
            check_limit(o["ganad"], e)
        check_numbers(o["ganad"]["numbers"], e)
    return o


def check_ecs_alert(o, e):
    v, ev, g, network = e.v, o["event"], o["ganad"], o["network"]
    same("verdict", (ev["risk_score_norm"], ev["severity"], float32(ev["risk_score"]),
                     ev["reason"]),
         (v["risk"], 4 - v["severity"], v["score"], o["message"]))
    same("rule", (o["rule"]["id"], o["rule"]["name"], o["rule"]["ruleset"], o["rule"]["version"]),
         (f"{ENTERPRISE}:{e.signature()}", e.looks(), e.text("model"), e.text("model_sha256")))
    same("threat", o.get("threat"), {"framework": "MITRE ATT&CK", "technique": {
        "id": [v["technique"]], "name": [TECHNIQUES[v["technique"]]]}} if v["technique"] else None)
    check_incident(g.get("incident"), e, e.full)
    same("p_extrapolated", g.get("p_extrapolated", False), bool(v["p_extrapolated"]))
    check_known(g, e, hint="hint", technique="technique", feedback="feedback", client="client",
                evidence="evidence", pcap_filename="file", pcap_cnt="packet")
    near("p_value", g["p_value"], v["p_value"], 6)
    same("threshold", (float32(g["threshold"]), g["fpr_budget"]), (v["threshold"], v["fpr_budget"]))
    check_rollup(g["rollup"], e)
    same("from", (g["source"], g["tunnels"], g.get("notes", ""), network.get("community_id", ""),
                  o["observer"].get("ingress", {"interface": {"name": ""}})["interface"]["name"]),
         (e.text("source"), v["tunnels"], e.notes(), e.text("community_id"), e.text("interface")))
    same("times", {k: ev[k] for k in ("start", "end") if k in ev}, flow_times(e, rfc3339))
    sent, received = int(e.features["src_bytes"]), int(e.features["dst_bytes"])
    same("bytes", (o["source"]["bytes"], o["destination"]["bytes"]), (sent, received))
    near("all bytes", network["bytes"], sent + received, 15)
    packets = list(e.packets().values()) or [None, None]
    same("packets", (o["source"].get("packets"), o["destination"].get("packets"),
                     network.get("packets")), (*packets, sum(e.packets().values()) or None))
    check_app(network.get("protocol"), e)
    if v["family"]:
        same("tuple", (ipaddress.ip_address(o["source"]["ip"]), o["source"]["port"],
                       ipaddress.ip_address(o["destination"]["ip"]), o["destination"]["port"],
                       network["transport"]),
             (e.address("src"), v["src_port"], e.address("dst"), v["dst_port"], e.proto().lower()))
        same("network", (network["type"], network["iana_number"]),
             (f"ipv{v['family']}", str(v["proto"])))
    else:
        same("no tuple", [k for end in ("source", "destination") for k in o[end]
                          if k not in ("bytes", "packets")], [])
    ends = [e.address("src"), e.address("dst")] if v["family"] else []
    related = ends + [ipaddress.ip_address(a) for top in e.hosts.values() for a, _ in top]
    same("related", list(map(ipaddress.ip_address, o.get("related", {"ip": []})["ip"])),
         list(dict.fromkeys(related)))
    check_top("top", g["top_features"], e, detail("features" in g, g["top_features"], e))
    if "features" in g:
        check_features("features", g["features"], e)


# OCSF 1.5.0, https://schema.ocsf.io/1.5.0: for each object used here the required attributes, and
# the others that an alert could fill.
OCSF = {
    "detection_finding": ("activity_id category_uid class_uid finding_info metadata severity_id "
                          "time type_uid",
                          "activity_name anomaly_analyses category_name class_name confidence "
                          "confidence_id count device "
                          "duration end_time evidences impact impact_id is_alert message "
                          "observables raw_data resources "
                          "risk_details risk_level risk_level_id risk_score severity start_time "
                          "status status_id "
                          "timezone_offset type_name unmapped"),
    "base_event": ("activity_id category_uid class_uid metadata severity_id time type_uid",
                   "activity_name category_name class_name count device duration end_time message "
                   "observables raw_data severity "
                   "start_time status status_id timezone_offset type_name unmapped"),
    "metadata": ("product version",
                 "correlation_uid event_code extension labels log_level log_name log_provider "
                 "log_version "
                 "logged_time original_time processed_time profiles sequence "
                 "tenant_uid uid"),
    "product": ("", "feature lang name path uid url_string vendor_name version"),
    "finding_info": ("uid",
                     "analytic attacks created_time data_sources desc first_seen_time last_seen_time "
                     "modified_time product "
                     "product_uid src_url tags title traits types uid_alt"),
    "attack": ("", "sub_technique tactic tactics technique version"),
    "technique": ("", "name src_url uid"),
    "analytic": ("type_id", "algorithm category desc name related_analytics type uid version"),
    "evidences": ("", "connection_info data device dst_endpoint name src_endpoint uid verdict "
                      "verdict_id"),
    "network_endpoint": ("", "hostname instance_uid interface_name interface_uid ip mac name port "
                             "svc_name type type_id uid "
                             "vlan_uid zone"),
    "network_connection_info": ("direction_id",
                                "boundary boundary_id community_uid direction flag_history "
                                "protocol_name "
                                "protocol_num protocol_ver protocol_ver_id "
                                "tcp_flags uid"),
    "anomaly_analysis": ("analysis_targets anomalies", "baselines"),
    "analysis_target": ("name", "type"),
    "anomaly": ("observation_parameter observations", "observation_type observed_pattern"),
    "baseline": ("observation_parameter observations", "observation_type observed_pattern"),
    "observation": ("value", "count timespan"),
}
OCSF_INSIDE = {"metadata": "metadata", "product": "product", "finding_info": "finding_info",
               "analytic": "analytic", "attacks": "attack", "technique": "technique",
               "evidences": "evidences", "src_endpoint": "network_endpoint",
               "dst_endpoint": "network_endpoint",
               "connection_info": "network_connection_info", "anomaly_analyses": "anomaly_analysis",
               "analysis_targets": "analysis_target", "anomalies": "anomaly",
               "baselines": "baseline",
               "observations": "observation"}


def check_ocsf_object(o, kind):
    required, others = (set(names.split()) for names in OCSF[kind])
    if not required <= set(o):
        fail("OCSF requires", kind, required - set(o))
    if not set(o) <= required | others:
        fail("OCSF does not have", kind, set(o) - required - others)
    for key, value in o.items():
        if key in OCSF_INSIDE:
            for one in value if isinstance(value, list) else [value]:
                check_ocsf_object(one, OCSF_INSIDE[key])


def check_ocsf(line, e):
    o, v = parse_json(line), e.v
    check_ocsf_object(o, "detection_finding" if e.kind == "alert" else "base_event")
    same("type", o["type_uid"], o["class_uid"] * 100 + o["activity_id"])
    same("versions", (o["metadata"]["version"], o["metadata"]["product"]["version"]),
         ("1.5.0", VERSION))
    same("head", (o["time"], o["metadata"]["uid"], o["metadata"].get("sequence"),
                  o["metadata"]["log_provider"], o["message"]),
         (v["time"] // 10 ** 6, e.id(), v["seq"] or None, e.text("sensor"), utf8(e.sentence())))
    same("prev_seq", o["unmapped"].pop("prev_seq", None), e.prev_seq())
    if e.kind == "alert":
        check_ocsf_alert(o, e)
    else:
        same("class", (o["category_uid"], o["class_uid"], o["activity_id"], o["activity_name"],
                       o["severity_id"]),
             (0, 0, 99, e.kind, 3 if e.lost() or e.warns() else 1))
        if e.kind == "model":
            same("unmapped", o["unmapped"], e.model())
        elif e.kind in ("blind", "limit"):
            if e.kind == "limit":
                check_limit(o["unmapped"], e)
            else:
                same("blind", (o["unmapped"]["action"], o["unmapped"]["source"]),
                     (e.text("action"), e.text("source")))
            check_numbers(o["unmapped"]["numbers"], e)
        else:
            check_numbers(o["unmapped"], e)
    return o


def check_ocsf_alert(o, e):
    v, f, x = e.v, o["finding_info"], o["evidences"][0]
    same("feedback", (x.pop("verdict_id", 0), x.pop("verdict", "")),
         {"": (0, ""), "false": (1, "False Positive"), "true": (2, "True Positive")}[v["feedback"]])
    first, last = v["first"] // 10 ** 6, v["last"] // 10 ** 6
    activity = {"update": (2, "Update"), "closed": (3, "Close")}.get(v["state"], (1, "Create"))
    same("class", (o["category_uid"], o["class_uid"], o["activity_id"], o["activity_name"],
                   o["status_id"]), (2, 2004, *activity, 1))
    same("technique", f.get("attacks"), [{"technique": {
        "uid": v["technique"], "name": TECHNIQUES[v["technique"]]}}] if v["technique"] else None)
    same("title", f["title"].lower(), e.looks())
    same("correlation", o["metadata"].get("correlation_uid", ""), e.text("incident"))
    check_incident(o["unmapped"].get("incident"), e, e.full)
    same("finding", (o["severity_id"], o["risk_score"], o["count"], o["start_time"], o["end_time"]),
         (5 - v["severity"], v["risk"], v["count"], first, last))
    same("information", (f["uid"], f["desc"], f["analytic"], f["first_seen_time"],
                         f["last_seen_time"]),
         (e.text("incident") or e.id(), o["message"], {"type_id": 4, "name": e.text("model"),
                                 "uid": e.text("model_sha256")}, first, last))
    check_known(x["data"], e, client="client", pcap_filename="file", pcap_cnt="packet",
                evidence="evidence")
    same("connection", {k: v for k, v in x["data"].items() if k not in (
        "client", "pcap_filename", "pcap_cnt", "evidence")}, {
        "source": e.text("source"), "bytes_out": int(e.features["src_bytes"]),
        "bytes_in": int(e.features["dst_bytes"]),
        **dict(zip(("packets_out", "packets_in"), e.packets().values())),
        **({"tunnels": v["tunnels"]} if v["tunnels"] else {}),
        **({"notes": e.notes()} if v["notes"] else {}),
        **{k + "_time": v[k] // 10 ** 6 for k in ("start", "end") if v[k]}})
    check_verdict(o["unmapped"], e)
    if v["family"]:
        src, dst, c = x["src_endpoint"], x["dst_endpoint"], x["connection_info"]
        same("tuple", (ipaddress.ip_address(src["ip"]), src["port"],
                       ipaddress.ip_address(dst["ip"]), dst["port"]),
             (e.address("src"), v["src_port"], e.address("dst"), v["dst_port"]))
        same("network", (c["protocol_num"], c["protocol_ver_id"], c.get("community_uid", ""),
                         src.get("interface_name", "")),
             (v["proto"], v["family"], e.text("community_id"), e.text("interface")))
    else:
        same("no tuple", list(x), ["data"])
    a = o["anomaly_analyses"][0]
    top = e.top[:detail("features" in o["unmapped"], a["anomalies"], e)]
    same("reasons", [(t["observation_parameter"], t["observations"], t["observed_pattern"])
                     for t in a["anomalies"]],
         [(name, [{"value": value}], f"share {share:.4f} of the score")
          for name, value, _, share, *_ in top])
    same("baselines", [(t["observation_parameter"], t["observations"]) for t in a["baselines"]],
         [(name, [{"value": expected}]) for name, _, expected, *_ in top])
    if "features" in o["unmapped"]:
        check_features("features", o["unmapped"]["features"], e)
