// The panel: joins what asks (feed), what remembers (history) and what shows. Rules:
// - One pool is shown in detail; which one stands in the address after "#pool=", and nothing else does.
// - Every answer is shown once, as a whole; an answer to a question about another pool is not shown.
// - Four times a second only the words about the answer's age change.

import { Charts } from './charts.js';
import { byId, setText, show } from './dom.js';
import { Feed } from './feed.js';
import { History } from './history.js';
import { Operations } from './operations.js';
import { renderAlerts, renderHeader, renderPools, renderPulse, renderTiles } from './summary.js';
import { renderNotices, renderSettings, renderTables, renderTotals } from './tables.js';

const TICK_MS = 250;
const HASH = '#pool=';

let chosen = nameInAddress();
let history = new History();
let shown = null;
let answeredAt = null;

const feed = new Feed({ question, onAnswer, onChange });
const charts = new Charts(byId('charts'));
const operations = new Operations(feed);

function nameInAddress() {
  try {
    return location.hash.startsWith(HASH) ? decodeURIComponent(location.hash.slice(HASH.length)) : null;
  } catch {
    return null;
  }
}

function question(catchUp) {
  const newest = history.newest(catchUp);
  const query = new URLSearchParams(newest ?? {});
  if (chosen !== null) query.set('pool', chosen);
  const parameters = query.toString();
  return { address: parameters ? `api/status?${parameters}` : 'api/status', whole: newest === null, chosen };
}

function onAnswer(answer, asked) {
  if (asked.chosen !== chosen) return;
  answeredAt = Date.now();
  const pool = answer.pools.find((one) => one.name === chosen) ?? answer.pools.find((one) => one.detail) ?? answer.pools[0];
  if (pool && pool.name !== shown?.name && shown) history = new History();
  shown = pool ?? null;
  renderGate();
  setText(byId('nothing'), 'No pool is registered with this panel.');
  show(byId('nothing'), shown === null);
  show(byId('view'), shown !== null);
  renderHeader(shown);
  renderPools(answer.pools, shown?.name, choose);
  if (shown) renderPool(answer, asked);
  tick();
}

function renderPool(answer, asked) {
  renderAlerts(shown, answeredAt);
  renderTiles(shown);
  renderLack(shown);
  if (shown.detail) renderDetail(shown.detail, asked.whole);
  charts.show(history, answer.interval_ms);
  operations.show(answer.operations, shown);
}

/** A pool that is gone has no detail any more: then its last figures are all there is. */
function renderLack({ detail, gone }) {
  const lacks = !detail;
  const why = gone ? 'The program has let go of this pool; these are its last figures.' : 'No detail came for this pool.';
  setText(byId('no-detail'), lacks || gone ? why : '');
  show(byId('no-detail'), lacks || gone);
  show(byId('past'), !lacks);
  show(byId('parts'), !lacks);
}

function renderDetail(detail, whole) {
  history.take(detail, whole);
  renderTables(detail);
  renderNotices(history.notices);
  renderTotals(detail.totals);
  renderSettings(detail.settings);
}

function choose(name) {
  if (name === chosen || (chosen === null && name === shown?.name)) return;
  chosen = name;
  history = new History();
  window.history.replaceState(null, '', HASH + encodeURIComponent(name));
  feed.ask();
}

function onChange() {
  renderGate();
  tick();
}

function renderGate() {
  const { wanted } = feed.pulse;
  const appears = wanted && byId('gate').hidden;
  show(byId('gate'), wanted);
  if (appears) byId('gate-token').focus();
}

async function openGate(event) {
  event.preventDefault();
  const field = byId('gate-token');
  const word = await feed.offer(field.value);
  field.value = '';
  setText(byId('gate-said'), { refused: 'This token was refused.', failed: 'No answer: trying again with this token.' }[word] ?? '');
}

function tick() {
  renderPulse(feed.pulse, answeredAt, shown);
}

byId('gate').addEventListener('submit', openGate);
window.addEventListener('hashchange', () => {
  const name = nameInAddress();
  if (name !== null) choose(name);
});
setInterval(() => document.hidden || tick(), TICK_MS);
feed.ask();
