// SPDX-License-Identifier: Apache-2.0
"use strict";
(() => {
const KEPT = 300, EVERY = 1000, DRIFT_SHOWN = 12, DRIFT_FULL = 0.5;
const $ = id => document.getElementById(id);
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const big = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const short = v => v === null || v === undefined ? "" : Math.abs(v) >= 1e5 || (v !== 0 && Math.abs(v) < 1e-3)
    ? v.toExponential(1) : String(Math.round(v * 1000) / 1000);
const time = [], records = [], alerts = [], p50 = [], p99 = [];
let before = null, charts = null;

function cell(row, text, kind) {
    const td = row.insertCell();
    td.textContent = text;
    if (kind) td.className = kind;
}

function rows(id, list, fill, none) {
    const body = $(id), fresh = document.createElement("tbody");
    fresh.id = id;
    for (const item of list) fill(fresh.insertRow(), item);
    if (list.length === 0) {
        cell(fresh.insertRow(), none, "none");
        fresh.rows[0].cells[0].colSpan = 20;
    }
    body.replaceWith(fresh);
}

function chart(id, series, scale) {
    const box = $(id), axis = {stroke: css("--dim"), grid: {stroke: css("--line"), width: 1}, ticks: {show: false}};
    const plot = new uPlot({
        width: box.clientWidth, height: 180, legend: {show: series.length > 1, live: false}, cursor: {show: false},
        scales: {x: {time: id !== "scores", distr: 1}, y: {range: (u, lo, hi) => [0, Math.max(hi * 1.1, 1e-3)]}},
        axes: [{...axis, space: 80, values: clock, ...(scale || {})}, {...axis, size: 60, values: (u, v) => v.map(x => x >= 1e5 ? x.toExponential(0) : String(x))}],
        series: [{}, ...series],
    }, [[], ...series.map(() => [])], box);
    new ResizeObserver(() => plot.setSize({width: box.clientWidth, height: 180})).observe(box);
    return plot;
}

const clock = (u, v) => v.map(x => x % 1 ? "" : new Date(1000 * x).toTimeString().slice(0, 8));

function line(name, colour, fill, points) {
    return {label: name, stroke: css(colour), width: 1.5, points: {show: Boolean(points), size: 4}, fill: fill ? css(colour) + "22" : undefined};
}

function draw() {
    for (const c of Object.values(charts || {})) c.destroy();
    charts = {
        records: chart("records", [line("records", "--a", true)]),
        alerts: chart("alerts-rate", [line("alerts", "--b", true)]),
        latency: chart("latency", [line("median", "--a", false, true), line("99 %", "--b", false, true)]),
        scores: chart("scores", [{label: "records", stroke: css("--a"), fill: css("--a") + "88", points: {show: false},
            paths: uPlot.paths.bars({size: [0.9, 60]})}], {values: (u, v) => v.map(x => Number.isInteger(x) ? "2^" + x : "")}),
    };
}

// The upper limit of the bucket that contains the quantile of the counts since then: at most a factor of two too high.
function quantile(now, then, share) {
    const counts = now.counts.map((n, i) => n - (then ? then.counts[i] : 0));
    const sum = counts.reduce((a, b) => a + b, 0);
    let seen = 0;
    for (let i = 0; i < counts.length && sum > 0; i++)
        if ((seen += counts[i]) >= share * sum) return 1000 * (now.limits[i] ?? now.limits[now.limits.length - 1]);
    return null;
}

function push(list, v) {
    list.push(v);
    if (list.length > KEPT) list.shift();
}

function rates(s) {
    const t = Date.parse(s.time) / 1000;
    if (before && t > before.t && s.uptime >= before.s.uptime) {
        const seconds = t - before.t, c = s.counters, b = before.s.counters;
        push(time, t);
        push(records, (c.records_scored - b.records_scored) / seconds);
        push(alerts, (c.alerts - b.alerts) / seconds);
        push(p50, quantile(s.latency, before.s.latency, 0.5));
        push(p99, quantile(s.latency, before.s.latency, 0.99));
    }
    before = {t, s};
    charts.records.setData([time, records]);
    charts.alerts.setData([time, alerts]);
    charts.latency.setData([time, p50, p99]);
}

function scores(s) {
    const m = s.models.find(x => !x.shadow), sum = new Map(); // scores of different models are not comparable
    $("scores-of").textContent = "Scores of " + m.name;
    m.score.counts.forEach((n, i) => {
        const x = Math.log2(m.score.limits[Math.min(i, m.score.limits.length - 1)]);
        sum.set(x, (sum.get(x) || 0) + n);
    });
    const xs = [...sum.keys()].sort((a, b) => a - b);
    while (xs.length > 1 && sum.get(xs[xs.length - 1]) === 0) xs.pop();
    while (xs.length > 1 && sum.get(xs[0]) === 0) xs.shift();
    charts.scores.setData([xs, xs.map(x => sum.get(x))]);
}

function end(ip, port) {
    return ip === undefined ? "" : (ip.includes(":") ? "[" + ip + "]" : ip) + ":" + port;
}

function reason(r) {
    const show = v => typeof v === "number" ? short(v) : String(v);
    return r.name + " " + show(r.value) + " (" + show(r.expected) + ")";
}

function tables(s) {
    rows("alerts", s.alerts, (r, a) => {
        cell(r, a.time.slice(11, 19));
        cell(r, a.risk, a.severity);
        cell(r, a.model);
        cell(r, short(a.score), "n");
        cell(r, short(a.p_value), "n");
        cell(r, end(a.src_ip, a.src_port));
        cell(r, end(a.dest_ip, a.dest_port));
        cell(r, a.service);
        cell(r, a.flag);
        cell(r, big.format(a.count), "n");
        cell(r, a.top_features.slice(0, 3).map(reason).join(", "));
    }, "none yet");
    rows("models", s.models, (r, m) => {
        cell(r, m.name + (m.shadow ? " (shadow)" : ""));
        cell(r, m.kind);
        cell(r, short(m.threshold), "n");
        cell(r, big.format(m.scored), "n");
        cell(r, big.format(m.anomalous), "n");
    }, "none");
    rows("outputs", s.outputs, (r, o) => {
        cell(r, o.name);
        cell(r, o.state, o.state === "waiting" ? "high" : "");
        r.cells[1].title = o.error;
        cell(r, big.format(o.sent), "n");
        cell(r, big.format(o.waiting), "n");
        cell(r, big.format(o.lost), o.lost > 0 ? "n high" : "n");
    }, "none");
    $("spool").textContent = "spool " + big.format(s.spool_bytes / 1e6) + " MB";
    rows("sources", s.sources, (r, c) => {
        cell(r, c.name);
        cell(r, c.state);
        cell(r, big.format(c.packets), "n");
        cell(r, big.format(c.dropped + c.lost), c.dropped + c.lost > 0 ? "n high" : "n");
        cell(r, big.format(c.records), "n");
    }, "none: records come from clients");
}

function drift(s) {
    const fresh = document.createElement("div");
    fresh.id = "drift";
    for (const m of s.models.filter(x => x.drift.length > 0)) {
        if (s.models.length > 1) fresh.appendChild(document.createElement("h2")).textContent = m.name;
        for (const d of m.drift.sort((a, b) => b.psi - a.psi).slice(0, DRIFT_SHOWN)) {
            const bar = fresh.appendChild(document.createElement("div"));
            bar.className = d.drifting ? "bar drifting" : "bar";
            bar.appendChild(document.createElement("span")).textContent = d.feature;
            const fill = bar.appendChild(document.createElement("div")).appendChild(document.createElement("i"));
            fill.style.width = Math.min(100, 100 * d.psi / DRIFT_FULL) + "%";
            const value = bar.appendChild(document.createElement("span"));
            value.className = "n";
            value.textContent = d.psi.toFixed(3);
        }
    }
    if (!fresh.firstChild) {
        fresh.className = "none";
        fresh.textContent = "no data yet";
    }
    $("drift").replaceWith(fresh);
}

async function poll() {
    try {
        const answer = await fetch("live.json", {cache: "no-store", signal: AbortSignal.timeout(5000)});
        if (!answer.ok) throw new Error(answer.status);
        const s = await answer.json();
        $("head").textContent = s.version + ", " + big.format(s.counters.records_scored) + " records, " +
            big.format(s.counters.alerts) + " alerts in " + duration(s.uptime);
        rates(s);
        scores(s);
        tables(s);
        drift(s);
        $("gone").hidden = true;
    } catch (e) {
        $("gone").hidden = false;
    }
    setTimeout(poll, EVERY);
}

function duration(seconds) {
    const d = Math.floor(seconds / 86400), h = Math.floor(seconds / 3600) % 24, m = Math.floor(seconds / 60) % 60;
    return d > 0 ? d + " d " + h + " h" : h > 0 ? h + " h " + m + " min" : m > 0 ? m + " min" : Math.floor(seconds) + " s";
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
poll();
})();
