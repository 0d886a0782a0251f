// Endpoints and connections, row by row. Rules kept here: a heading is made once and keeps its focus; the order is the reader's.

import { byId, make, say } from "./dom.js";
import { age, count, mood, time } from "./words.js";

const state = (word) => { const cell = make("span", "mood", word); cell.dataset.mood = mood(word); return cell; };

const ENDPOINTS = [
  ["endpoint", (row) => row.id],
  ["health", (row) => state(row.health)],
  ["failed connects in a row", (row) => count(row.failures), "number"],
  ["next try in", (row) => time(row.retry_in_ms), "number"],
  ["connections", (row) => count(row.connections), "number"],
  ["probed after idling for", (row) => time(row.freshness_ms), "number"],
  ["", (row) => (row.draining ? "drained" : "")],
  ["the last connect failed because", (row) => row.error ?? "", "long"],
];

// Heading, cell, class, and what to sort by.
const CONNECTIONS = [
  ["connection", (row) => row.id, "", (row) => Number(/\d+/.exec(row.id))],
  ["state", (row) => row.lifecycle, "", (row) => row.lifecycle],
  ["health", (row) => state(row.health), "", (row) => row.health],
  ["", remarks, "", remarks],
  ["leases", (row) => (row.leases_max > 1 ? `${row.in_use} of ${row.leases_max}` : count(row.in_use)), "number", (row) => row.in_use],
  ["uses", (row) => count(row.uses), "number", (row) => row.uses],
  ["idle for", (row) => age(row.idle_ms), "number", (row) => row.idle_ms ?? -1],
  ["proved alive", (row) => age(row.proven_ms), "number", (row) => row.proven_ms ?? -1],
  ["errors in a row", (row) => count(row.errors), "number", (row) => row.errors],
  ["age", (row) => age(row.age_ms), "number", (row) => row.age_ms],
  ["endpoint", (row) => row.endpoint, "", (row) => row.endpoint],
  ["called", (row) => row.label ?? "", "", (row) => row.label ?? ""],
];

function remarks(row) {
  const mark = row.mark ? `to be closed: ${row.mark.replaceAll("_", " ")}` : "";
  return [row.stalled ? "stalled" : "", mark].filter(Boolean).join(", ");
}

export function endpoints() {
  const table = byId("endpoints");
  const body = make("tbody");
  table.replaceChildren(make("thead", "", make("tr", "", ...ENDPOINTS.map(([title, , kind]) => make("th", kind, title)))), body);
  return (rows) => body.replaceChildren(...rows.map((row) => line(row, ENDPOINTS)));
}

export function connections() {
  let order = { column: 0, up: true }, shown = { rows: [], total: 0 };
  const body = make("tbody");
  const heads = CONNECTIONS.map(([title, , kind], column) => {
    const button = make("button", "", title || "remark");
    button.type = "button";
    button.addEventListener("click", () => {
      order = { column, up: order.column === column ? !order.up : true };
      fill();
    });
    return make("th", kind, button);
  });
  byId("connections").replaceChildren(make("thead", "", make("tr", "", ...heads)), body);

  const fill = () => {
    heads.forEach((head, column) => {
      if (column === order.column) head.setAttribute("aria-sort", order.up ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    const key = CONNECTIONS[order.column][3];
    const sorted = shown.rows.toSorted((a, b) => (order.up ? compare(key(a), key(b)) : compare(key(b), key(a))));
    body.replaceChildren(...sorted.map((row) => line(row, CONNECTIONS)));
    const cut = shown.rows.length < shown.total;
    say(byId("connections-count"), cut ? `the first ${shown.rows.length} of ${count(shown.total)}` : count(shown.total));
  };
  return (rows, total) => { shown = { rows, total }; fill(); };
}

function line(row, columns) {
  return make("tr", "", ...columns.map(([, cell, kind]) => make("td", kind, cell(row))));
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
