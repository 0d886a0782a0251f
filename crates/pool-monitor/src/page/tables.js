// Endpoints, work, connections, notices, totals and settings. Rules:
// - Rows are kept by key and brought up to date in place; order changes only as the chosen column says.
// - Every word from the pool goes in as text.

import { byId, element, keepChildren, mark, setAttribute, setText, setTone, show } from './dom.js';
import { count, counted, duration, elapsed, moment, sentence, words } from './format.js';

const HEALTH_TONES = { healthy: 'ok', suspect: 'warning', unhealthy: 'critical', down: 'critical', unknown: 'info', probation: 'info' };
const healthTone = (health) => HEALTH_TONES[health] ?? 'info';

/** Its health is by traffic and probes, which say nothing while it cannot be dialled. */
const endpointHealth = (endpoint) => (endpoint.failures > 0 ? 'down' : endpoint.health);

/** A column: its name, its words for a row, and what it is sorted by; `tone` puts a mark before the words. */
const ENDPOINT_COLUMNS = [
  { name: 'Endpoint', text: (e) => e.id, head: true },
  { name: 'Health', text: (e) => endpointHealth(e) + (e.draining ? ', draining' : ''), tone: (e) => healthTone(endpointHealth(e)) },
  { name: 'Connects failed in a row', text: (e) => count(e.failures), figure: true },
  { name: 'Next try in', text: (e) => duration(e.retry_in_ms), figure: true },
  { name: 'Connections', text: (e) => count(e.connections), figure: true },
  { name: 'Proof holds for', text: (e) => duration(e.freshness_ms), figure: true },
  { name: 'Why the last connect failed', text: (e) => e.error ?? '–', wide: true },
];

const CONNECTION_COLUMNS = [
  { name: 'Connection', text: (c) => c.id, by: (c) => slot(c), head: true },
  { name: 'State', text: (c) => c.lifecycle, by: (c) => c.lifecycle },
  { name: 'Health', text: (c) => healthWords(c), tone: (c) => healthTone(c.health), by: (c) => -trouble(c) },
  { name: 'Marked', text: (c) => markWords(c), by: (c) => markWords(c) },
  { name: 'Age', text: (c) => elapsed(c.age_ms), by: (c) => c.age_ms, figure: true },
  { name: 'Idle for', text: (c) => duration(c.idle_ms), by: (c) => c.idle_ms, figure: true },
  { name: 'Last proof', text: (c) => duration(c.proven_ms), by: (c) => c.proven_ms, figure: true },
  { name: 'Errors in a row', text: (c) => count(c.errors), by: (c) => c.errors, figure: true },
  { name: 'Leases', text: (c) => `${count(c.in_use)} / ${count(c.leases_max)}`, by: (c) => c.in_use, figure: true },
  { name: 'Uses', text: (c) => count(c.uses), by: (c) => c.uses, figure: true },
  { name: 'Endpoint', text: (c) => c.endpoint, by: (c) => c.endpoint },
  { name: 'Label', text: (c) => c.label ?? '–', by: (c) => c.label, label: true },
];

const WORK_COLUMNS = [
  { name: 'Operation', text: (w) => w.id, by: (w) => w.id, head: true },
  { name: 'Under way', text: (w) => count(w.in_flight), by: (w) => w.in_flight, figure: true },
  { name: 'Succeeded', text: (w) => count(w.succeeded), by: (w) => w.succeeded, figure: true },
  { name: 'Failed', text: (w) => count(w.failed), by: (w) => w.failed, figure: true },
  { name: 'Given up', text: (w) => count(w.dropped), by: (w) => w.dropped, figure: true },
  { name: 'Median time', text: (w) => duration(w.time_p50_ms), by: (w) => w.time_p50_ms, figure: true },
  { name: 'p95', text: (w) => duration(w.time_p95_ms), by: (w) => w.time_p95_ms, figure: true },
  { name: 'p99', text: (w) => duration(w.time_p99_ms), by: (w) => w.time_p99_ms, figure: true },
];

const slot = (connection) => Number(/\d+/.exec(connection.id)?.[0] ?? 0);
const healthWords = (c) => (c.word === c.health ? c.word : `${c.word} (${c.health})`);
const markWords = (c) => [c.stalled ? 'stalled' : null, c.mark && words(c.mark)].filter(Boolean).join(', ') || '–';

/** How much is wrong with a connection: the more, the higher it stands. */
function trouble(connection) {
  const bad = { critical: 8, warning: 4, info: 0, ok: 0 }[healthTone(connection.health)];
  return bad + (connection.stalled ? 2 : 0) + (connection.errors > 0 ? 1 : 0);
}

/** A table that keeps its rows; with `by` in its columns it can be sorted. */
class Table {
  #rows = [];

  constructor(node, columns, sorting = null) {
    Object.assign(this, { columns, sorting });
    const row = element('tr');
    this.heads = columns.map((column, i) => this.#head(column, i));
    row.append(...this.heads);
    const head = element('thead');
    head.append(row);
    this.body = element('tbody');
    node.append(head, this.body);
    this.#markHeads();
  }

  show(rows) {
    this.#rows = rows;
    keepChildren(this.body, this.#sorted(), (row) => row.id, () => this.#row(), (node, row) => this.#update(node, row));
  }

  #head(column, index) {
    const head = element('th', classOf(column));
    head.scope = 'col';
    if (!column.by) {
      head.textContent = column.name;
      return head;
    }
    const button = element('button', '', column.name);
    button.type = 'button';
    button.addEventListener('click', () => this.#sortBy(index));
    head.append(button);
    return head;
  }

  #sortBy(index) {
    const same = this.sorting.index === index;
    this.sorting = { index, down: same ? !this.sorting.down : Boolean(this.columns[index].figure) };
    this.#markHeads();
    this.show(this.#rows);
  }

  #markHeads() {
    if (!this.sorting) return;
    this.heads.forEach((head, i) => {
      const order = this.sorting.down ? 'descending' : 'ascending';
      setAttribute(head, 'aria-sort', i === this.sorting.index ? order : null);
    });
  }

  #sorted() {
    if (!this.sorting) return this.#rows;
    const { by } = this.columns[this.sorting.index];
    const sign = this.sorting.down ? -1 : 1;
    return [...this.#rows].sort((a, b) => compare(by(a), by(b), sign) || slot(a) - slot(b));
  }

  #row() {
    const row = element('tr');
    for (const column of this.columns) {
      const cell = element(column.head ? 'th' : 'td', classOf(column));
      if (column.head) cell.scope = 'row';
      cell.dataset.name = column.name;
      if (column.tone) cell.append(mark('info'));
      cell.append(element('span'));
      row.append(cell);
    }
    return row;
  }

  #update(node, row) {
    this.columns.forEach((column, i) => {
      const cell = node.children[i];
      setText(cell.lastChild, column.text(row));
      if (column.tone) setTone(cell.firstChild, column.tone(row));
    });
  }
}

const classOf = (column) => ['figure', 'wide', 'label'].filter((name) => column[name]).join(' ');

/** What is not known stands at the end, whichever way it is sorted. */
function compare(a, b, sign) {
  const [lacksA, lacksB] = [a ?? '–', b ?? '–'].map((value) => value === '–');
  if (lacksA || lacksB) return Number(lacksA) - Number(lacksB);
  if (a === b) return 0;
  return (a < b ? -1 : 1) * sign;
}

const endpoints = new Table(byId('endpoints'), ENDPOINT_COLUMNS);
const connections = new Table(byId('connections'), CONNECTION_COLUMNS, { index: 2, down: false });
const work = new Table(byId('work'), WORK_COLUMNS, { index: 2, down: true });

export function renderTables(detail) {
  const ends = detail.endpoints ?? [];
  const conns = detail.connections ?? [];
  const done = detail.work ?? [];
  endpoints.show(ends);
  connections.show(conns);
  work.show(done);
  show(byId('work-part'), done.length > 0);
  setText(byId('endpoints-count'), count(ends.length));
  setText(byId('connections-count'), listed(conns, detail.connections_total));
  setText(byId('work-count'), listed(done, detail.work_total));
}

const listed = (rows, total) => (total > rows.length ? `${count(rows.length)} of ${count(total)}` : count(rows.length));

export function renderNotices(notices) {
  const newestFirst = notices.toReversed();
  show(byId('no-notices'), notices.length === 0);
  show(byId('notices').parentNode, notices.length > 0);
  setText(byId('notices-count'), notices.length > 0 ? `newest first, ${count(notices.length)}` : '');
  keepChildren(byId('notices'), newestFirst, (notice) => `${notice.seq} ${notice.at}`, makeNotice, (row, notice) => {
    setText(row.firstChild, moment(notice.at));
  });
}

function makeNotice(notice) {
  const row = element('li');
  const tone = { critical: 'critical', warning: 'warning' }[notice.severity] ?? 'info';
  const kind = element('span', 'kind');
  kind.append(mark(tone), element('span', '', notice.severity));
  row.dataset.tone = tone;
  row.append(element('time'), kind, element('span', 'says', notice.text));
  if (notice.missed > 0) row.append(element('span', 'missed', `missed ${counted(notice.missed, 'notice')} before this one`));
  return row;
}

export function renderTotals(totals) {
  const groups = [['Counts', Object.entries(totals ?? {}).filter(([, value]) => typeof value !== 'object')]];
  for (const [name, value] of Object.entries(totals ?? {})) {
    if (value && typeof value === 'object') groups.push([groupName(name), Object.entries(value)]);
  }
  keepChildren(byId('totals'), groups, ([name]) => name, makeGroup, (node, [, pairs]) => {
    fillPairs(node.lastChild, pairs.map(([name, value]) => [sentence(words(name)), count(value)]));
  });
}

const groupName = (name) => ({ faults: 'Faults by kind', closed: 'Connections closed, by reason' })[name] ?? sentence(words(name));

function makeGroup([name]) {
  const group = element('section');
  group.append(element('h3', '', name), element('dl', 'pairs'));
  return group;
}

export function renderSettings(settings) {
  fillPairs(byId('settings'), (settings ?? []).map(([name, value]) => [name, String(value ?? '–')]));
}

function fillPairs(list, pairs) {
  keepChildren(list, pairs, ([name]) => name, makePair, (pair, [, value]) => setText(pair.lastChild, value));
}

function makePair([name]) {
  const pair = element('div');
  pair.append(element('dt', '', name), element('dd'));
  return pair;
}
