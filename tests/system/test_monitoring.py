# SPDX-License-Identifier: Apache-2.0
"""The rules for Prometheus and the dashboard for Grafana name what a running ganadd exports."""

import json
import os
import re
import shutil
import subprocess
import unittest

import ganad
from test_metrics import Unix, get

NAME = re.compile(r"\b(?:ganad|process)_[a-z_]+\b")
LABEL_OF = re.compile(r"\{[^}]*\}|by \([^)]*\)|\"[^\"]*\"")
PART = re.compile(r"_(bucket|sum|count)$")
# Exported for troubleshooting; neither rules nor dashboard use them.
NOT_SHOWN = {
    "ganad_budget_adapted_total", "ganad_budget_exceeded_total", "ganad_budget_failures_total",
    "ganad_model_false_alarm_rate", "ganad_model_false_alarm_rate_low",
    "ganad_model_false_alarm_rate_high", "ganad_model_over_budget", "ganad_model_threshold_factor",
    "ganad_alerts_bystanders_total", "ganad_alerts_held_total", "ganad_alerts_high_total",
    "ganad_alerts_low_total", "ganad_alerts_medium_total", "ganad_bystanders_unchecked_total",
    "ganad_clients_unknown_total", "ganad_evidence_bytes_total", "ganad_evidence_cut_total",
    "ganad_evidence_deleted_total", "ganad_evidence_failed_total", "ganad_evidence_files_total",
    "ganad_evidence_limited_total", "ganad_evidence_missed_total", "ganad_evidence_packets_total",
    "ganad_alerts_withheld_total", "ganad_learn_left_out_total", "ganad_learn_lost_total",
    "ganad_learn_records_total", "ganad_learn_untimed_total",
    "ganad_hosts", "ganad_hosts_evicted_known_total", "ganad_hosts_evicted_total",
    "ganad_hosts_forgeable_total", "ganad_hosts_learning", "ganad_hosts_levels_held_total", "ganad_hosts_limited_total",
    "ganad_hosts_one_way_total", "ganad_hosts_pairs_evicted_total",
    "ganad_hosts_suppressed_total", "ganad_hosts_unusual_total",
    "ganad_handshakes", "ganad_handshakes_failed_total", "ganad_incidents",
    "ganad_incidents_begun_total", "ganad_incidents_evicted_total",
    "ganad_incidents_unlisted_total", "ganad_feedback_true_total", "ganad_feedback_false_total",
    "ganad_feedback_undone_total", "ganad_feedback_damaged", "ganad_memo_hits_total", "ganad_memo_misses_total",
    "ganad_alerts_rolled_up_total", "ganad_batches_total", "ganad_bytes_in_total",
    "ganad_bytes_out_total", "ganad_clients",
    "ganad_clients_accepted_total", "ganad_clients_refused_total", "ganad_clients_timed_out_total",
    "ganad_clients_waits_total", "ganad_control_refused_total", "ganad_metrics_waits_total",
    "ganad_events_total", "ganad_frames_in_total", "ganad_jobs",
    "ganad_records_in_total", "ganad_records_lost_total", "ganad_reloads_refused_total",
    "ganad_reloads_total",
    "ganad_control_denied_total", "ganad_lookups", "ganad_lookups_waits_total",
    "ganad_tail_lost_total", "ganad_tails", "ganad_tails_idle_total", "ganad_unknown_names_total",
    "ganad_model_records_disagreed_total", "ganad_model_threshold",
    "ganad_model_loaded_timestamp_seconds",
    "ganad_output_bytes_total", "ganad_output_connects_total", "ganad_output_deleted_total",
    "ganad_output_reopened_total", "ganad_output_events_replayed_total",
    "ganad_output_events_skipped_total", "ganad_output_events_lost_at_most_total",
    "ganad_spool_segments_removed_total", "ganad_spool_evicted_bytes_total",
    "ganad_spool_write_failures_total",
    "ganad_capture_bytes_total", "ganad_capture_connections_total", "ganad_capture_flows",
    "ganad_capture_reopened_total", "ganad_capture_link_up",
    "ganad_capture_link_changes_total",
    "process_open_fds", "process_max_fds"}
# Those of ganad-counters(5) that no rule needs.
OF_TABLES = re.compile("ganad_capture_(decoder|flow|refused|interface|lost|unread)(_|$)")


def read(*path):
    with open(os.path.join(ganad.args.source, "conf", *path), encoding="utf-8") as f:
        return f.read()


def rules():
    """{alert: expression}"""
    text = read("prometheus", "ganad.rules.yml")
    return {name: e.replace("''", "'")
            for name, e in re.findall(r"- alert: (\w+)\n +expr: '(.*)'\n", text)}


def expressions(node):
    """Every expr and query of the dashboard."""
    if isinstance(node, list):
        for x in node:
            yield from expressions(x)
    elif isinstance(node, dict):
        for key, x in node.items():
            if key in ("expr", "query") and isinstance(x, str):
                yield x
            else:
                yield from expressions(x)


def families(texts):
    return {PART.sub("", n) for t in texts for n in NAME.findall(LABEL_OF.sub("", t))}


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with ganad.Daemon(metrics={"unix": "{dir}/metrics.sock"}, outputs=ganad.ALERTS_FILE) as d:
            text = get(Unix(d.path("metrics.sock")))[1]
            assert d.stop() == 0
        cls.exported = set(re.findall(r"^# TYPE (\S+) ", text, re.M))

    def test_rules_name_what_is_exported(self):
        self.assertEqual(len(rules()), read("prometheus", "ganad.rules.yml").count("- alert:"))
        self.assertEqual(families(rules().values()) - self.exported, set())

    def test_rules_name_existing_units(self):
        text = read("prometheus", "ganad.rules.yml")
        units = set(re.findall(r"(?:journalctl -u|systemctl status) ([a-z-]+)", text))
        there = {f.split(".")[0] for f in os.listdir(os.path.join(ganad.args.source, "systemd"))
                 if ".service" in f}
        self.assertEqual(units, {"ganadd"})
        self.assertLessEqual(units, there)

    def test_the_dashboard_names_what_is_exported(self):
        used = families(expressions(json.loads(read("grafana", "ganad.json"))))
        self.assertGreater(len(used), 15)
        self.assertEqual(used - self.exported, set())

    def test_what_is_exported_is_used_or_left_out_on_purpose(self):
        dashboard = json.loads(read("grafana", "ganad.json"))
        used = families(rules().values()) | families(expressions(dashboard))
        self.assertEqual({n for n in self.exported - used if not OF_TABLES.match(n)}, NOT_SHOWN)

    def test_each_rule_is_tested_both_ways(self):
        text = read("prometheus", "ganad.rules.test.yml")
        for name in rules():
            self.assertIn(f"- name: {name} fires\n", text)
            self.assertIn(f"- name: {name} stays silent\n", text)

    def test_promtool_agrees(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed (Debian's package prometheus)")
        directory = os.path.join(ganad.args.source, "conf", "prometheus")
        for command in ("check", "ganad.rules.yml"), ("test", "ganad.rules.test.yml"):
            r = subprocess.run(["promtool", command[0], "rules", command[1]], cwd=directory,
                               text=True, timeout=60 * ganad.SLOW,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(r.returncode, 0, r.stdout)
            self.assertIn("SUCCESS", r.stdout)


if __name__ == "__main__":
    ganad.main()
