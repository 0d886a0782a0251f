// The admin panel: asks once in a while, and shows the answer. Rules kept here: one request under way, none while nobody looks; an answer that
// does not come is said, loudly, and asked for again; memory is bounded; what is shown is what the last answer said, and nothing else.

import { charts } from "./charts.js";
import { byId, make, say } from "./dom.js";
import { operations } from "./operations.js";
import { connections, endpoints } from "./tables.js";
import { DASH, age, clock, count, mood, noun, percent, time } from "./words.js";

const POINTS_KEPT = 900, NOTICES_KEPT = 200;
const PATIENCE = 5000, PAUSE_MAX = 5000, STALE_AFTER = 3500;

const known = { pool: null, points: [], notices: [] };
let token = "", last = null, answered = null, failures = 0, asking = false, timer = 0;

const redraw = charts(() => known.points, () => last?.interval_ms ?? 1000);
const listEndpoints = endpoints(), listConnections = connections();
const offer = operations(() => shown(), send);

// Asking.

async function ask() {
  if (asking || document.hidden) return;
  asking = true;
  clearTimeout(timer);
  try {
    const query = new URLSearchParams({ after: known.points.at(-1)?.seq ?? 0, notices: known.notices[0]?.seq ?? 0 });
    if (known.pool !== null) query.set("pool", known.pool);
    const answer = await fetch(`api/status?${query}`, { headers: headers(), cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status === 401) wantToken("A token is wanted to read this panel", token ? "This token is not taken." : "");
    else if (!answer.ok) throw new Error(`the panel answers ${answer.status}`);
    else take(await answer.json());
    failures = 0;
  } catch {
    failures += 1;
  }
  asking = false;
  timer = setTimeout(ask, Math.min(PAUSE_MAX, (last?.interval_ms ?? 1000) * 2 ** Math.min(failures, 3)));
}

function headers() {
  return token ? { authorization: `Bearer ${token}` } : {};
}

async function send(pool, operation, body) {
  const options = { method: "POST", headers: { ...headers(), "content-type": "application/json" }, signal: AbortSignal.timeout(PATIENCE) };
  if (body) options.body = JSON.stringify(body);
  try {
    const answer = await fetch(`api/pools/${encodeURIComponent(pool)}/${operation}`, options);
    const said = await answer.json();
    ask();
    return answer.ok ? "done." : said.error;
  } catch {
    return "no answer; whether it was done is not known.";
  }
}

// Taking the answer in.

function take(answer) {
  [last, answered] = [answer, Date.now()];
  const pool = shown();
  if (pool) {
    const { points, notices } = pool.detail;
    // Numbers that are known already: the process was started anew.
    if (points.length && points[0].seq <= (known.points.at(-1)?.seq ?? 0)) forget();
    keep(points, notices);
  }
  show(answer, pool);
}

function keep(points, notices) {
  const at = (one) => answered - one.age_ms;
  known.points.push(...points.map(rated).map((point) => ({ ...point, at: at(point) })));
  known.points.splice(0, known.points.length - POINTS_KEPT);
  known.notices.unshift(...notices.map((notice) => ({ ...notice, at: at(notice) })).reverse());
  known.notices.splice(NOTICES_KEPT);
  if (notices.length || byId("log").childElementCount === 0) showLog();
}

// Failures are counted in an interval, and shown per second like the uses.
function rated(point) {
  return { ...point, failures: (point.faults + point.rejected) * 1000 / last.interval_ms };
}

function forget() {
  [known.points, known.notices] = [[], []];
  byId("log").replaceChildren();
}

function shown() {
  return last?.pools.find((pool) => pool.detail);
}

// Showing.

function show(answer, pool) {
  byId("main").hidden = !pool;
  choose(answer.pools, pool);
  if (!pool) return;
  known.pool ??= pool.name;
  document.title = `${pool.phase === "running" ? "" : `${pool.phase}: `}${pool.name}`;
  tell(byId("phase"), pool.phase);
  showAlerts(pool.alerts);
  showTiles(pool);
  redraw();
  listEndpoints(pool.detail.endpoints);
  listConnections(pool.detail.connections, pool.detail.connections_total);
  showPairs("totals", totals(pool.detail.totals));
  showPairs("settings", pool.detail.settings);
  offer({ operations: answer.operations, pool });
  if (answer.operations === "locked") wantToken("The operators' token, to change anything", token ? "This token may not operate." : "", byId("operations"));
  else byId("token").hidden = true;
  showLife();
}

function tell(element, word) {
  say(element, word);
  element.dataset.mood = mood(word);
}

function choose(pools, pool) {
  const chooser = byId("chooser");
  chooser.hidden = pools.length < 2;
  byId("name").hidden = !chooser.hidden;
  say(byId("name"), pool?.name ?? "no pool is watched");
  const title = ({ name, phase, alerts }) => (phase === "running" && !alerts.length ? name : `${name} — ${alerts[0]?.name ?? phase}`);
  const titles = pools.map(title);
  if ([...chooser.options].map((option) => option.text).join("\n") === titles.join("\n")) return;
  chooser.replaceChildren(...pools.map(({ name }, n) => new Option(titles[n], name, false, name === pool?.name)));
}

function showAlerts(alerts) {
  const rows = alerts.map(({ name, severity, state, for_ms, says }) => {
    const firing = state === "firing";
    const row = make("li", firing ? "" : "pending", make("b", "", firing ? severity : `pending ${severity}`), make("span", "", name),
      make("span", "says", says), make("span", "lasted", `for ${age(for_ms)}`));
    row.dataset.mood = mood(severity);
    return row;
  });
  byId("alerts").replaceChildren(...(rows.length ? rows : [make("li", "calm", "No alerts.")]));
}

function showTiles({ status, kpis }) {
  const over = `of the last ${age(kpis.span_ms)}`;
  const tiles = [
    ["in use", `${status.in_use} of ${status.max}`, `${status.available} free, ${status.connecting} opening, ${status.closing} closing`, bar(status)],
    ["waiting", count(status.waiting), status.oldest_wait_ms === null ? "" : `the first for ${time(status.oldest_wait_ms)}`],
    ["uses per second", count(kpis.throughput), over],
    ["failed", percent(kpis.error_rate), `of the uses ${over}`],
    ["time in use, median", time(kpis.response_p50_ms), `95th ${time(kpis.response_p95_ms)}, 99th ${time(kpis.response_p99_ms)}`],
    ["wait, 99th percentile", time(kpis.wait_p99_ms), over],
    ["open and not unhealthy", status.total ? percent(status.health_ratio) : DASH,
      `${status.healthy} healthy, ${status.unhealthy} unhealthy, ${status.unknown} unknown`],
    ["endpoints up", `${status.endpoints_up} of ${status.endpoints_up + status.endpoints_down}`, status.endpoints_down ? "the others back off" : ""],
  ];
  byId("tiles").replaceChildren(...tiles.map(([title, value, more, extra]) =>
    make("div", "", make("dt", "", title), make("dd", "", value), extra, make("dd", "more", more))));
}

function bar({ in_use, available, connecting, closing, max }) {
  const part = (kind, number) => {
    const piece = make("i", kind);
    piece.style.width = `${(100 * number) / Math.max(1, max)}%`;
    return piece;
  };
  const strip = make("div", "bar", part("in-use", in_use), part("free", available), part("moving", connecting + closing));
  strip.setAttribute("aria-hidden", "true");
  return strip;
}

function showLog() {
  const rows = known.notices.flatMap(({ at, severity, text, missed }) => {
    const row = make("li", "", make("time", "", clock(at)), make("span", "mood", severity), make("span", "text", text));
    row.children[1].dataset.mood = mood(severity);
    return missed ? [row, make("li", "", make("time"), make("span"), make("span", "text", `${noun(missed, "notice")} before it missed`))] : [row];
  });
  byId("log").replaceChildren(...(rows.length ? rows : [make("li", "", make("span", "text", "Nothing yet."))]));
}

function totals(counters) {
  const words = (name) => name.replaceAll("_", " ");
  return Object.entries(counters).flatMap(([name, value]) =>
    typeof value === "number" ? [[words(name), count(value)]] : Object.entries(value).map(([of, number]) => [`${words(name)}: ${words(of)}`, count(number)]));
}

function showPairs(id, pairs) {
  byId(id).replaceChildren(...pairs.map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))));
}

// Whether what is shown is so still.
function showLife() {
  const old = answered === null ? null : Date.now() - answered;
  const stale = old !== null && old > Math.max(STALE_AFTER, 3 * (last?.interval_ms ?? 1000));
  document.body.classList.toggle("is-stale", stale);
  const life = byId("live");
  if (stale) say(life, `no answer for ${age(old)}: the process may be gone; what is below is old`);
  else say(life, old === null ? (failures ? "no answer: the process may be gone" : "no answer yet") : "live");
  if (stale || (old === null && failures)) life.dataset.mood = "bad";
  else delete life.dataset.mood;
}

function wantToken(label, said, home = document.querySelector("header")) {
  const form = byId("token");
  if (home.tagName === "HEADER") { if (form.previousElementSibling !== home) home.after(form); } else if (form.parentElement !== home) home.append(form);
  form.hidden = false;
  say(byId("token-label"), label);
  say(byId("token-said"), said);
}

byId("token").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token-field").value.trim();
  byId("token-field").value = "";
  ask();
});
byId("chooser").addEventListener("change", (event) => {
  known.pool = event.target.value;
  forget();
  for (const id of ["min", "max"]) byId(id).value = "";
  ask();
});
document.addEventListener("visibilitychange", ask);
setInterval(showLife, 1000);
ask();
