// SPDX-License-Identifier: Apache-2.0
// Polls the daemon, and shows its warnings, charts and tables. incidents.js has the incidents.

import {$, add, clock, count, css, duration, isSelected, isUtc, setUtc, short} from "./text.js";
import * as incidents from "./incidents.js";

const KEPT = 300, EVERY = 1000, DRIFT_SHOWN = 12, DRIFT_FULL = 0.5, WARNINGS_SHOWN = 3;
const time = [], records = [], alerts = [], p50 = [], p99 = [];
let before = null, charts = null, since = 0, answered = null, allWarnings = false, loading = true;

function cell(row, text, kind) {
    const td = row.insertCell();
    td.textContent = text;
    if (kind) td.className = kind;
}

function rows(id, list, fill, none) {
    const body = $(id), fresh = document.createElement("tbody");
    if (isSelected(body)) return;
    fresh.id = id;
    for (const item of list) fill(fresh.insertRow(), item);
    if (list.length === 0) {
        cell(fresh.insertRow(), none, "none");
        fresh.rows[0].cells[0].colSpan = 20;
    }
    body.replaceWith(fresh);
}

// --- charts ---

const hours = (u, v) => v.map(x => x % 1 ? "" : clock(1000 * x));
const powers = (u, v) => v.map(x => Number.isInteger(x) ? short(Number((2 ** x).toPrecision(2))) : "");
const tens = (u, v) => v.map(x => Number.isInteger(x) ? count(10 ** x) : "");

function chart(id, series, own) {
    const box = $(id), axis = {stroke: css("--dim"), grid: {stroke: css("--line"), width: 1}, ticks: {show: false}};
    const plot = new uPlot({
        width: box.clientWidth, height: 180, legend: {show: false}, cursor: {show: false},
        scales: {x: {time: id !== "scores", distr: 1}, y: {range: (u, lo, hi) => [0, Math.max(hi * (own ? 1.3 : 1.1), 1e-3)]}},
        axes: [{...axis, space: 80, values: own ? powers : hours},
            {...axis, size: 60, values: own ? tens : (u, v) => v.map(x => x >= 1e5 ? x.toExponential(0) : String(x))}],
        series: [{}, ...series], hooks: {draw: own ? [own] : []},
    }, [[], ...series.map(() => [])], box);
    new ResizeObserver(() => plot.setSize({width: box.clientWidth, height: 180})).observe(box);
    return plot;
}

function line(colour, fill, points) {
    return {stroke: css(colour), width: 1.5, points: {show: Boolean(points), size: 4}, fill: fill ? css(colour) + "22" : undefined};
}

function drawThreshold(u) {
    if (!(u.threshold > 0)) return;
    const x = u.valToPos(Math.log2(u.threshold), "x", true), c = u.ctx, unit = devicePixelRatio;
    if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
    const isRight = x > u.bbox.left + u.bbox.width / 2;
    c.save();
    c.strokeStyle = c.fillStyle = css("--bad");
    c.lineWidth = 2 * unit;
    c.setLineDash([6 * unit, 4 * unit]);
    c.beginPath();
    c.moveTo(x, u.bbox.top);
    c.lineTo(x, u.bbox.top + u.bbox.height);
    c.stroke();
    c.font = 12 * unit + "px system-ui, sans-serif";
    c.textAlign = isRight ? "right" : "left";
    c.fillText("threshold " + short(u.threshold), x + (isRight ? -6 : 6) * unit, u.bbox.top + 10 * unit);
    c.restore();
}

function draw() {
    for (const c of Object.values(charts || {})) c.destroy();
    charts = {
        records: chart("records", [line("--a", true)]),
        alerts: chart("alerts-rate", [line("--b", true)]),
        latency: chart("latency", [line("--a", false, true), line("--b", false, true)]),
        scores: chart("scores", [{stroke: css("--a"), fill: css("--a") + "88", points: {show: false},
            paths: uPlot.paths.bars({size: [0.9, 60]})}], drawThreshold),
    };
}

// --- numbers over time ---

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

// A bar for each bucket, whose upper limit is a power of two; the height is logarithmic.
function scores(s) {
    const m = s.models.find(x => !x.shadow), sum = new Map(); // scores of different models are not comparable
    $("scores-of").textContent = "Scores of " + m.name;
    $("threshold").textContent = "threshold " + short(m.threshold) + "; records, logarithmic";
    m.score.counts.forEach((n, i) => {
        const x = Math.log2(m.score.limits[Math.min(i, m.score.limits.length - 1)]) - 0.5;
        sum.set(x, (sum.get(x) || 0) + n);
    });
    const xs = [...sum.keys()].sort((a, b) => a - b), limit = Math.log2(m.threshold);
    while (xs.length > 1 && sum.get(xs[xs.length - 1]) === 0 && xs[xs.length - 1] > limit + 1) xs.pop();
    while (xs.length > 1 && sum.get(xs[0]) === 0 && xs[0] < limit - 1) xs.shift();
    charts.scores.threshold = m.threshold;
    charts.scores.setData([xs, xs.map(x => Math.log10(1 + sum.get(x)))]);
}

// --- tables ---

const percent = x => short(100 * x) + " %";

function tables(s) {
    rows("models", s.models, (r, m) => {
        cell(r, m.name + (m.shadow ? " (shadow)" : ""));
        cell(r, m.kind);
        cell(r, short(m.threshold), "n");
        cell(r, count(m.scored), "n");
        cell(r, count(m.anomalous), "n");
        const b = m.budget;
        cell(r, b ? percent(b.rate) + " of " + percent(m.fpr_budget) : "", b && b.over ? "n high" : "n");
        if (b)
            r.cells[5].title = count(b.false_alarms) + " of " + count(b.records) + " records, interval "
                + percent(b.low) + " to " + percent(b.high) + "; " + count(b.apart)
                + " of attacks are apart; threshold at the budget / " + short(b.factor);
    }, "none");
    rows("outputs", s.outputs, (r, o) => {
        cell(r, o.name);
        cell(r, o.state, o.state === "waiting" ? "high" : "");
        r.cells[1].title = o.error;
        cell(r, count(o.sent), "n");
        cell(r, count(o.waiting), "n");
        cell(r, count(o.lost), o.lost > 0 ? "n high" : "n");
    }, "none");
    $("spool").textContent = "spool " + count(s.spool_bytes / 1e6) + " of " + count(s.spool_quota / 1e6) + " MB";
    rows("sources", s.sources, (r, c) => {
        cell(r, c.name);
        cell(r, c.state);
        cell(r, count(c.packets), "n");
        cell(r, count(c.dropped + c.lost), c.dropped + c.lost > 0 ? "n high" : "n");
        cell(r, count(c.records), "n");
    }, "none: records come from clients");
}

function drift(s) {
    const fresh = document.createElement("div");
    fresh.id = "drift";
    for (const m of s.models.filter(x => x.drift.length > 0)) {
        if (s.models.length > 1) add(fresh, "h3", m.name);
        for (const d of m.drift.sort((a, b) => b.psi - a.psi).slice(0, DRIFT_SHOWN)) {
            const bar = add(fresh, "div", undefined, d.drifting ? "bar drifting" : "bar");
            add(bar, "span", d.feature + (d.drifting ? " (drifts)" : ""));
            add(add(bar, "div"), "i").style.width = Math.min(100, 100 * d.psi / DRIFT_FULL) + "%";
            add(bar, "span", d.psi.toFixed(3), "n");
        }
    }
    if (isSelected($("drift"))) return;
    if (!fresh.firstChild) {
        fresh.className = "none";
        fresh.textContent = "no data yet";
    }
    $("drift").replaceWith(fresh);
}

// --- warnings and the connection ---

function warnings(list) {
    const box = $("warnings"), ul = box.querySelector("ul"), hidden = list.length - WARNINGS_SHOWN;
    const texts = allWarnings ? list : list.slice(0, WARNINGS_SHOWN);
    if (isSelected(box)) return;
    box.hidden = list.length === 0;
    if (texts.join("\n") !== [...ul.children].map(li => li.textContent).join("\n")) {
        ul.replaceChildren();
        for (const text of texts) add(ul, "li", text);
    }
    $("more").hidden = hidden <= 0;
    $("more").textContent = allWarnings ? "fewer" : count(hidden) + " more";
    $("more").setAttribute("aria-expanded", String(allWarnings));
}

function say(text) {
    if ($("gone").textContent !== text) $("gone").textContent = text;
}

function show(s) {
    if (before && before.s.started !== s.started) {
        incidents.restarted();
        since = 0;
    }
    $("head").textContent = s.version + ", " + count(s.counters.records_scored) + " records, " +
        count(s.counters.alerts) + " alerts in " + duration(s.uptime);
    warnings(s.warnings);
    rates(s);
    scores(s);
    tables(s);
    drift(s);
}

async function ask() {
    try {
        const answer = await fetch("live.json?since=" + since, {cache: "no-store", signal: AbortSignal.timeout(5000)});
        return answer.ok ? await answer.json() : null;
    } catch (e) {
        return null;
    }
}

async function poll() {
    const s = await ask(), isSame = !before || !s || before.s.started === s.started;
    // at once again if there are more incidents, or all if the answer left out those of a new run
    setTimeout(poll, s && (!isSame || s.change < s.last_change) ? 0 : EVERY);
    say(s ? "" : answered ? "not connected since " + clock(answered) : "not connected");
    if (!s) return;
    answered = Date.now();
    if (isSame) {
        since = s.change;
        incidents.take(s.incidents, loading);
        loading = loading && since < s.last_change;
    }
    show(s);
}

function setZone(is) {
    setUtc(is);
    $("utc").setAttribute("aria-pressed", String(is));
    $("local").setAttribute("aria-pressed", String(!is));
    incidents.zoneChanged();
    draw();
}

$("more").addEventListener("click", () => {
    allWarnings = !allWarnings;
    if (before) warnings(before.s.warnings);
});
$("utc").addEventListener("click", () => setZone(true));
$("local").addEventListener("click", () => setZone(false));
const offset = new Intl.DateTimeFormat("en-GB", {timeZoneName: "short"}).formatToParts().find(p => p.type === "timeZoneName");
$("local").textContent = "local time" + (offset ? " (" + offset.value + ")" : "");
setZone(isUtc());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
poll();
