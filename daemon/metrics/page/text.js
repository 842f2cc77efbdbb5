// SPDX-License-Identifier: Apache-2.0
// Numbers, times and elements, which both parts of the page use.

export const $ = id => document.getElementById(id);
export const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const big = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
export const count = v => big.format(v);
export const short = v => v === null || v === undefined ? "" : Math.abs(v) >= 1e5 || (v !== 0 && Math.abs(v) < 1e-3)
    ? v.toExponential(1) : String(Math.round(v * 1000) / 1000);

export function add(parent, name, text, kind) {
    const e = parent.appendChild(document.createElement(name));
    if (text !== undefined) e.textContent = text;
    if (kind) e.className = kind;
    return e;
}

export function duration(seconds) {
    const d = Math.floor(seconds / 86400), h = Math.floor(seconds / 3600) % 24, m = Math.floor(seconds / 60) % 60;
    return d > 0 ? d + " d " + h + " h" : h > 0 ? h + " h " + m + " min" : m > 0 ? m + " min" : Math.floor(seconds) + " s";
}

// Whether a part of it is selected: the reader copies it, so that it must not change.
export function isSelected(element) {
    const s = getSelection();
    return !s.isCollapsed && s.containsNode(element, true);
}

// --- one time zone for all times of the page ---

const utc = {timeZone: "UTC"};
let zone = {};
try { // a browser may refuse it
    if (localStorage.getItem("zone") === "utc") zone = utc;
} catch (e) { /* the choice then lasts as long as the page */ }

export const isUtc = () => zone === utc;

export function setUtc(is) {
    zone = is ? utc : {};
    try {
        localStorage.setItem("zone", is ? "utc" : "local");
    } catch (e) { /* as above */ }
}

const format = (t, how) => new Intl.DateTimeFormat("en-GB", {...how, ...zone}).format(t);
export const clock = t => format(t, {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"});
export const day = t => format(t, {weekday: "long", day: "numeric", month: "long", year: "numeric"});
export const full = t => format(t, {day: "numeric", month: "short", year: "numeric"}) + ", " + clock(t);
