// The first glance: which pool, how it is, what is wrong and since when, and the key figures. Rules:
// - Colour never speaks alone: a shape and a word stand with it.
// - Tones come from what the pool says (phase, alerts, counts of what is bad), never from limits made up here.
// - Every tile keeps its place and its lines, whatever the figures are.
// - What is read aloud changes when something happens, not each second.

import { byId, element, keepChildren, mark, setAttribute, setText, setTone, show } from './dom.js';
import { clock, count, counted, duration, elapsed, moment, rate, share, words } from './format.js';

const PHASE_TONES = { running: 'ok', starting: 'info', degraded: 'warning', suspended: 'warning', draining: 'info', closed: 'off' };
const JITTER_MS = 1500;
const TONES = ['off', 'ok', 'info', 'warning', 'critical'];
const ICONS = {
  off: '<rect x="2" y="7" width="12" height="3" fill="#767d88"/>',
  ok: '<circle cx="8" cy="8" r="6" fill="#2a9d66"/>',
  info: '<circle cx="8" cy="8" r="5" fill="none" stroke="#3f7fd6" stroke-width="3"/>',
  warning: '<path d="M8 1l7 13H1z" fill="#d08700"/>',
  critical: '<path d="M8 0l8 8-8 8-8-8z" fill="#d33a30"/>',
};

export const phaseWord = (pool) => (pool.gone ? 'gone' : pool.phase);
export const phaseTone = (pool) => (pool.gone ? 'off' : PHASE_TONES[pool.phase] ?? 'info');

const severityTone = (severity) => (severity === 'critical' || severity === 'warning' ? severity : 'info');
const rank = (tone) => TONES.indexOf(tone);
const firing = (pool) => (pool.alerts ?? []).filter((alert) => alert.state === 'firing');

/** The worst of a pool's phase and its firing alerts. */
export function poolTone(pool) {
  const tones = [phaseTone(pool), ...firing(pool).map((alert) => severityTone(alert.severity))];
  return tones.reduce((worst, tone) => (rank(tone) > rank(worst) ? tone : worst));
}

/** `null`: there is no pool. */
export function renderHeader(pool) {
  setText(byId('pool-name'), pool?.name ?? 'Connection pools');
  setText(byId('phase-word'), pool ? phaseWord(pool) : 'none');
  setTone(byId('phase-mark'), pool ? phaseTone(pool) : 'off');
}

/** Live or stale, in the header and in the tab. */
export function renderPulse(pulse, answeredAt, pool) {
  const [word, tone] = pulseWord(pulse);
  setText(byId('pulse-word'), word);
  setTone(byId('pulse-mark'), tone);
  setText(byId('pulse-clock'), answeredAt ? clock(answeredAt) : '');
  const outage = byId('outage');
  show(outage, pulse.stale);
  setText(byId('outage-said'), pulse.stale ? 'No answer: what is shown is stale.' : '');
  if (pulse.stale) {
    const why = pulse.problem ?? (pulse.answered ? 'The process may be gone' : 'The process may not be there');
    setText(byId('outage-says'), `No ${pulse.problem ? 'usable ' : ''}answer for ${elapsed(pulse.silent)}.`);
    const last = answeredAt ? ` What is shown is from ${moment(answeredAt)}.` : '';
    const next = pulse.dueIn > 0 ? ` Trying again in ${elapsed(pulse.dueIn + 999)}.` : ' Trying now.';
    setText(byId('outage-more'), `${why}.${last}${next}`);
  }
  setAttribute(document.body, 'data-stale', pulse.stale || (pulse.wanted && pulse.answered) ? 'yes' : null);
  renderTab(pulse, pool);
}

function pulseWord({ stale, answered, wanted, silent }) {
  if (wanted) return ['token wanted', 'warning'];
  if (stale) return [`stale for ${elapsed(silent)}`, 'critical'];
  return answered ? ['live', 'ok'] : ['asking', 'info'];
}

function renderTab(pulse, pool) {
  const name = pool?.name ?? 'connection pools';
  const word = pulse.stale ? 'no answer' : pool ? phaseWord(pool) : '';
  const title = word ? `${word}: ${name}` : name;
  if (document.title !== title) document.title = title;
  const tone = pulse.stale ? 'critical' : pool ? poolTone(pool) : 'info';
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${ICONS[tone]}</svg>`;
  setAttribute(byId('icon'), 'href', `data:image/svg+xml,${encodeURIComponent(picture)}`);
}

export function renderPools(pools, shown, choose) {
  show(byId('pools'), pools.length > 1);
  if (pools.length < 2) return;
  keepChildren(byId('pools'), pools, (pool) => pool.name, (pool) => poolButton(pool, choose), (button, pool) => {
    const [, , trouble] = button.children;
    setTone(button.firstChild, poolTone(pool));
    setAttribute(button, 'aria-current', pool.name === shown ? 'true' : null);
    setText(trouble, poolTrouble(pool));
  });
}

function poolButton(pool, choose) {
  const button = element('button');
  button.type = 'button';
  button.append(mark('info'), element('span', 'name', pool.name), element('span', 'soft'));
  button.addEventListener('click', () => choose(pool.name));
  return button;
}

function poolTrouble(pool) {
  const number = firing(pool).length;
  return number > 0 ? `${phaseWord(pool)}, ${counted(number, 'alert')}` : phaseWord(pool);
}

export function renderAlerts(pool, now) {
  const bySeverity = (a, b) => rank(severityTone(b.severity)) - rank(severityTone(a.severity)) || b.for_ms - a.for_ms;
  const sorted = [...(pool.alerts ?? [])].sort(bySeverity);
  const fires = (alert) => alert.state === 'firing';
  const fill = (id, list) => {
    show(byId(id), list.length > 0);
    keepChildren(byId(id), list, (alert) => alert.name, makeAlert, (row, alert) => updateAlert(row, alert, now));
  };
  fill('firing', sorted.filter(fires));
  setText(byId('alerts-said'), sorted.filter(fires).map((alert) => `${alert.severity}: ${words(alert.name)}`).join('. '));
  fill('pending', sorted.filter((alert) => !fires(alert)));
  show(byId('no-alerts'), sorted.length === 0);
  setTone(byId('no-alerts-mark'), poolTone(pool) === 'ok' ? 'ok' : 'off');
}

function makeAlert() {
  const row = element('li');
  const kind = element('span', 'kind');
  kind.append(mark('warning'), element('span'));
  row.append(kind, element('span', 'says'), element('span', 'name'), element('span', 'when'));
  return row;
}

function updateAlert(row, alert, now) {
  const [kind, says, name, when] = row.children;
  const tone = severityTone(alert.severity);
  setTone(row, tone);
  setTone(kind.firstChild, tone);
  const fires = alert.state === 'firing';
  const isOver = alert.quiet_ms !== null;
  row.classList.toggle('over', isOver);
  const word = isOver ? `was ${alert.severity}` : alert.severity;
  setText(kind.lastChild, fires ? word : `${alert.state} ${alert.severity}`);
  setText(says, alert.says);
  setText(name, alert.name);
  const since = now - alert.for_ms;
  if (!(Math.abs(since - row.since) < JITTER_MS)) row.since = since;
  setText(when, `since ${moment(row.since)}, ${isOver ? `well again for ${elapsed(alert.quiet_ms)}` : `for ${elapsed(alert.for_ms)}`}`);
}

const PARTS = [['in-use', 'in use'], ['free', 'free'], ['connecting', 'connecting'], ['closing', 'closing'], ['other', 'other']];

/** The tiles: a class, a name, and how its figure, its line below and its tone come from the status and the key figures. */
const TILES = [
  { id: 'use', name: 'In use', figure: (s) => `${count(s.in_use)} / ${count(s.max)}`, below: leasesBelow, tone: (s) => (s.in_use >= s.max ? 'warning' : null) },
  { id: 'waiting', name: 'Waiting', figure: (s) => count(s.waiting), below: (s) => (s.waiting ? `oldest ${duration(s.oldest_wait_ms)}` : 'nobody'), tone: (s) => (s.waiting ? 'warning' : null) },
  { id: 'throughput', name: 'Throughput', figure: (s, k) => rate(k.throughput), below: () => 'per second' },
  { id: 'errors', name: 'Failures', figure: (s, k) => share(k.failed), below: () => 'of all callers' },
  { id: 'response', name: 'Response', figures: (k) => [['p50', k.response_p50_ms], ['p95', k.response_p95_ms], ['p99', k.response_p99_ms]] },
  { id: 'wait', name: 'Wait p99', figure: (s, k) => duration(k.wait_p99_ms), below: () => 'for a lease' },
  { id: 'health', name: 'Health', figure: (s) => share(s.health_ratio), below: healthBelow, tone: (s) => (s.unhealthy || s.endpoints_down ? 'warning' : null) },
];

function leasesBelow(status) {
  return `${counted(status.leases, 'lease')}; ${count(status.total)} in all, minimum ${count(status.min)}`;
}

function healthBelow(status) {
  const connections = `${count(status.healthy)} healthy, ${count(status.unhealthy)} unhealthy, ${count(status.unknown)} unknown`;
  return `${connections}\nendpoints ${count(status.endpoints_up)} up, ${count(status.endpoints_down)} down`;
}

export function renderTiles(pool) {
  const status = pool.status ?? {};
  const kpis = pool.kpis ?? {};
  setText(byId('span-says'), kpis.span_ms ? `rates and times over the last ${elapsed(kpis.span_ms + 500)}` : '');
  keepChildren(byId('tiles'), TILES, (tile) => tile.id, makeTile, (node, tile) => updateTile(node, tile, status, kpis));
}

function makeTile(tile) {
  const node = element('div', `tile ${tile.id}`);
  const title = element('h3', '', tile.name);
  const alarm = mark('warning');
  alarm.hidden = true;
  title.prepend(alarm);
  node.append(title);
  if (tile.figures) {
    const list = element('dl');
    for (const [name] of tile.figures({})) {
      const pair = element('div');
      pair.append(element('dt', '', name), element('dd'));
      list.append(pair);
    }
    node.append(list);
    return node;
  }
  node.append(element('p', 'figure'));
  if (tile.id === 'use') node.append(makeBar(), makeLegend());
  node.append(element('p', 'below'));
  return node;
}

function makeBar() {
  const bar = element('div', 'level');
  bar.setAttribute('aria-hidden', 'true');
  for (const [part] of PARTS) bar.append(element('span', part));
  return bar;
}

function makeLegend() {
  const legend = element('ul', 'legend');
  for (const [part, name] of PARTS) {
    const item = element('li');
    item.append(element('span', `swatch ${part}`), element('b'), element('span', '', name));
    legend.append(item);
  }
  return legend;
}

function updateTile(node, tile, status, kpis) {
  if (tile.figures) {
    const values = node.querySelectorAll('dd');
    tile.figures(kpis).forEach(([, value], i) => setText(values[i], duration(value)));
    return;
  }
  const tone = tile.tone?.(status) ?? null;
  show(node.querySelector('.mark'), tone !== null);
  setText(node.querySelector('.figure'), tile.figure(status, kpis));
  setText(node.querySelector('.below'), tile.below(status, kpis));
  if (tile.id === 'use') updateBar(node, status);
}

/** Connections with many leases are in use and have room: each is counted once here, so that the parts make the whole. */
function barParts(status) {
  const rest = Math.max(0, status.total - status.in_use - status.connecting - status.closing);
  const free = Math.min(rest, status.available);
  return [status.in_use, free, status.connecting, status.closing, rest - free];
}

function updateBar(node, status) {
  const parts = barParts(status);
  const all = Math.max(1, status.max, status.total);
  const [bars, numbers] = [node.querySelector('.level').children, node.querySelectorAll('.legend b')];
  parts.forEach((value, i) => {
    show(bars[i], value > 0);
    bars[i].style.width = `${((value || 0) / all) * 100}%`;
    setText(numbers[i], count(value));
  });
}
