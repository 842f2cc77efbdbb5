// SPDX-License-Identifier: Apache-2.0
// The list of incidents. Rows stand still: a new one waits behind the button "n new", and one that
// changes keeps its place. Nothing of a row changes while text in it is selected.

import {$, add, clock, count, day, full, isSelected, short} from "./text.js";
import {command, covers} from "./suppress.js";

const ROWS_MAX = 512, SHORT = 30, // rows, as in live.css
    SHAPES = {1: ["▲", "high"], 2: ["◆", "medium"], 3: ["●", "low"]};
const rows = new Map(); // key: incident or event id
let news = [];

const key = e => e.incident ? e.incident.id : e.event_id;
const began = e => Date.parse(e.incident ? e.incident.first : e.timestamp);
const last = e => Date.parse(e.incident ? e.incident.last : e.timestamp);
const nRecords = e => e.incident ? e.incident.records : e.rollup ? e.rollup.count : 1;
const isOpen = e => Boolean(e.incident) && e.incident.state !== "closed";
const end = (ip, port) => ip === undefined ? "" : port ? (ip.includes(":") ? "[" + ip + "]" : ip) + ":" + port : ip;
const ends = e => e.src_ip === undefined ? "" : end(e.src_ip, e.src_port) + " > " + end(e.dest_ip, e.dest_port);
const sentence = e => e.sentence || "anomalous connection " + ends(e) + " " + (e.features ? e.features.service : "");

function fillRow(r) {
    const e = r.event, [shape, word] = SHAPES[e.severity] || SHAPES[3];
    r.li.className = "incident s" + e.severity + (isOpen(e) && !r.isOver ? " open" : "");
    r.shape.textContent = shape;
    r.word.textContent = word;
    r.time.textContent = clock(began(e));
    r.time.dateTime = new Date(began(e)).toISOString();
    r.state.textContent = !e.incident ? "alert" : r.isOver ? "stopped" : isOpen(e) ? "open" : "closed";
    r.what.textContent = sentence(e);
    r.n.textContent = count(nRecords(e)) + (nRecords(e) === 1 ? " record" : " records");
}

function refresh(r) {
    if (isSelected(r.li) || r.body.contains(document.activeElement)) {
        r.isStale = true;
        return;
    }
    r.isStale = false;
    fillRow(r);
    if (!r.body.hidden) fillBody(r);
}

// --- what a click opens ---

async function copy(button, text, from) {
    const was = button.textContent;
    let done = false;
    try {
        await navigator.clipboard.writeText(text);
        done = true;
    } catch (e) { // without https the browser offers only this
        getSelection().selectAllChildren(from);
        done = document.execCommand("copy");
    }
    button.textContent = done ? "copied" : "press Ctrl+C";
    setTimeout(() => button.textContent = was, 2000);
}

function addCopied(parent, title, text) {
    const p = add(parent, "div", undefined, "copied");
    add(p, "span", title);
    const code = add(p, "code", text), b = add(p, "button", "copy");
    b.type = "button";
    b.setAttribute("aria-label", "copy: " + title);
    b.addEventListener("click", () => copy(b, text, code));
}

function addFacts(parent, facts) {
    const dl = add(parent, "dl");
    for (const [name, value] of facts) {
        if (value === undefined || value === null || value === "") continue;
        const row = add(dl, "div");
        add(row, "dt", name);
        add(row, "dd", value);
    }
}

function addTable(parent, title, heads, lines) {
    if (!lines || lines.length === 0) return;
    const t = add(parent, "table");
    add(t, "caption", title);
    const head = add(add(t, "thead"), "tr");
    for (const h of heads) add(head, "th", h.replace(/^#/, ""), h[0] === "#" ? "n" : "").scope = "col";
    const body = add(t, "tbody");
    for (const line of lines) {
        const tr = add(body, "tr");
        line.forEach((v, i) => add(tr, "td", v, heads[i][0] === "#" ? "n" : ""));
    }
}

const value = v => typeof v === "number" ? short(v) : String(v);
const about = d => d ? (d.estimate ? "about " : "") + count(d.n) : "";

function incidentFacts(e, alerts) {
    const i = e.incident;
    if (!i) return [];
    return [
        ["incident", i.id], ["state", i.state], ["in common", i.line], ["nature", i.nature],
        ["unusual", (i.unusual || []).map(u => u.sign + " " + short(u.value) + (u.usual ? " (usual " + short(u.usual) + ")" : "")).join(", ")],
        ["source address", i.forgeable ? "may be forged" : ""],
        ["first", full(began(e))], ["last", full(last(e))],
        ["records", count(i.records)], ["alerts", count(alerts)],
        ["bystanders", i.bystanders ? count(i.bystanders) : ""],
        ["sources", about(i.sources)],
        ["targets", about(i.targets) + (i.targets && i.targets.answered ? ", " + count(i.targets.answered) + " answered" : "")],
        ["ports", about(i.ports)], ["logins", i.logins ? count(i.logins) : ""], ["succeeded", i.succeeded ? "yes" : ""],
        ["bytes to server", count(i.bytes_toserver || 0)], ["bytes to client", count(i.bytes_toclient || 0)]];
}

function connectionFacts(e) {
    const f = e.features || {}, p = e.p_value === undefined ? "" : short(e.p_value) + (e.p_extrapolated ? " (extrapolated)" : "");
    return [
        ["source", end(e.src_ip, e.src_port)], ["destination", end(e.dest_ip, e.dest_port)], ["protocol", e.proto || f.protocol_type],
        ["service, flag", f.service ? f.service + ", " + f.flag : ""], ["Community ID", e.community_id],
        ["start", e.flow && e.flow.start ? full(Date.parse(e.flow.start)) : ""],
        ["capture", e.source], ["interface", e.in_iface], ["client", e.client], ["notes", e.notes],
        ["capture file", e.pcap_filename], ["packet number", e.pcap_cnt ? count(e.pcap_cnt) : ""], ["evidence", e.evidence],
        ["score", short(e.score) + ", threshold " + short(e.threshold)], ["p-value", p], ["risk", e.risk], ["model", e.model],
        ["alert", e.event_id], ["raised", full(Date.parse(e.timestamp))]];
}

function fillBody(r) {
    const e = r.event, i = e.incident, body = r.body;
    body.replaceChildren();
    add(body, "p", sentence(e), "sentence");
    if (e.hint) add(body, "p", "Looks like: " + e.hint + (e.technique ? ", ATT&CK " + e.technique : "") + ". A hint, not a finding.");
    if (i) {
        add(body, "h3", "Incident");
        addFacts(body, incidentFacts(e, r.alerts));
        const tops = add(body, "div", undefined, "tops"), host = h => [h.ip, count(h.n)];
        addTable(tops, "top sources", ["address", "#records"], i.sources && i.sources.top.map(host));
        addTable(tops, "top targets", ["address", "#records"], i.targets && i.targets.top.map(host));
        addTable(tops, "top ports", ["port", "#records"], i.ports && i.ports.top.map(p => [p.port, count(p.n)]));
    }
    add(body, "h3", i ? "Its most anomalous record" : "Record");
    addFacts(body, connectionFacts(e));
    addTable(add(body, "div", undefined, "tops"), "reasons", ["feature", "#value", "#expected", "#share"],
        (e.top_features || []).map(t => [t.name, value(t.value), value(t.expected), Math.round(100 * t.share) + " %"]));
    add(body, "h3", "Commands");
    addCopied(body, covers(e) ? "if this is expected" : "if this record is expected", command(e));
    addCopied(body, "all details", "ganadctl incidents " + key(e));
    if (e.evidence) addCopied(body, "its packets", "ganadctl evidence " + key(e) + " > evidence.pcapng");
}

function toggle(r) {
    r.body.hidden = !r.body.hidden;
    r.button.setAttribute("aria-expanded", String(!r.body.hidden));
    if (!r.body.hidden) fillBody(r);
}

function newRow(event, alerts) {
    const r = {event, alerts, li: document.createElement("li")}, head = add(r.li, "div", undefined, "row");
    r.button = add(head, "button", undefined, "severity");
    r.button.type = "button";
    r.button.setAttribute("aria-expanded", "false");
    r.shape = add(r.button, "span", "", "shape");
    r.shape.setAttribute("aria-hidden", "true");
    r.word = add(r.button, "span");
    r.time = add(head, "time");
    r.state = add(head, "span", "", "state");
    r.what = add(head, "span", "", "what");
    r.n = add(head, "span", "", "n");
    r.body = add(r.li, "div", undefined, "body");
    r.body.hidden = true;
    r.button.addEventListener("click", () => toggle(r));
    // a click on the text opens, too, but not the end of a selection; the keyboard has the button
    head.addEventListener("click", e => !r.button.contains(e.target) && getSelection().isCollapsed && toggle(r));
    r.what.id = "what-" + rows.size;
    r.button.setAttribute("aria-describedby", r.what.id);
    fillRow(r);
    return r;
}

// --- the list ---

function putDays() {
    const list = $("list");
    let before = "";
    for (const old of [...list.querySelectorAll(".day")]) old.remove();
    for (const li of [...list.children]) {
        const name = day(li.began);
        if (name !== before) list.insertBefore(document.createElement("li"), li).className = "day";
        if (name !== before) li.previousSibling.textContent = name;
        before = name;
    }
}

function putRows(list) { // the newest goes to the top
    for (const r of list) {
        r.li.began = began(r.event);
        $("list").prepend(r.li);
    }
    putDays();
}

function showNews() {
    putRows(news);
    news = [];
    say();
}

function forget() {
    for (const [k, r] of rows) {
        if (rows.size <= ROWS_MAX) return;
        if (isOpen(r.event) || !r.body.hidden || isSelected(r.li)) continue;
        rows.delete(k);
        r.li.remove();
        news = news.filter(x => x !== r);
    }
}

function say() {
    const all = [...rows.values()], open = all.filter(r => isOpen(r.event) && !r.isOver).length;
    $("counts").textContent = all.length ? count(open) + " open, " + count(all.length) + " listed" : "";
    $("empty").hidden = all.length > 0;
    const n = $("list").childElementCount, isShort = $("list").classList.contains("short");
    $("older").hidden = n <= SHORT;
    $("older").textContent = isShort ? "show " + count(n - SHORT) + " older rows" : "show fewer rows";
    $("news").hidden = news.length === 0;
    $("show-news").textContent = "▲ " + count(news.length) + " new: show";
}

// @isFirst: the page has just been opened, and these are not news.
export function take(entries, isFirst) {
    const fresh = [], isEmpty = rows.size === 0;
    for (const {event, alerts} of entries) {
        const r = rows.get(key(event));
        if (r) {
            r.event = event;
            r.alerts = alerts;
            refresh(r);
        } else {
            rows.set(key(event), newRow(event, alerts));
            fresh.push(rows.get(key(event)));
        }
    }
    if (isFirst || isEmpty) putRows([...rows.values()].sort((a, b) => began(a.event) - began(b.event)));
    else news.push(...fresh);
    forget();
    for (const r of rows.values()) if (r.isStale) refresh(r);
    say();
}

// ganadd has restarted: what was open is not reported further.
export function restarted() {
    for (const r of rows.values()) {
        r.isOver = true;
        refresh(r);
    }
}

export function zoneChanged() {
    for (const r of rows.values()) {
        fillRow(r);
        if (!r.body.hidden) fillBody(r);
    }
    putDays();
}

$("show-news").addEventListener("click", showNews);
$("older").addEventListener("click", () => {
    $("list").classList.toggle("short");
    say();
});
