// The charts of the last 15 minutes. Rules:
// - All share one time axis and one reading line: the values beside the names are those of the same second.
// - No line is drawn where there are no points, or where a value is not known.
// - Lines differ in weight or dashes, not in colour alone. A unit stands in each title.
// - A moment that is read stays read while time goes on.
// - A pool that is young is shown over 2 or 5 minutes, until it has more to show; the title says which.

import { byId, drawing, element, keepChildren, setAttribute, setText } from './dom.js';
import { clock, count, duration, elapsed, minute, rate, roundDuration } from './format.js';
import { WINDOW_MS } from './history.js';
import { linearScale, logScale, nearest, stretches, timeTicks } from './scales.js';

const LEFT = 54;
const RIGHT = 10;
const TOP = 8;
const BOTTOM = 20;
const LEAST_GAP_MS = 2500;
const MINUTE_MS = 60_000;
const SPANS_MS = [2 * MINUTE_MS, 5 * MINUTE_MS, WINDOW_MS];
const SLACK_MS = 400;

/** A series: its name, its look (see panel.css), how it is drawn, its value at a point. */
const SPECS = [
  { id: 'connections', title: 'Connections', unit: 'number', scale: 'whole', say: count, series: [
    { name: 'max', look: 'limit', value: (p) => p.max },
    { name: 'open', look: 'quiet', value: (p) => p.total },
    { name: 'in use', look: 'main', filled: true, value: (p) => p.in_use }] },
  { id: 'rates', title: 'Throughput and failures', unit: 'per second', scale: 'linear', say: rate, series: [
    { name: 'throughput', look: 'main', filled: true, value: (p) => p.throughput },
    { name: 'failures', look: 'failed', bars: true, value: (p) => p.failures }] },
  { id: 'queue', title: 'Waiting', unit: 'callers', scale: 'whole', say: count, series: [
    { name: 'waiting', look: 'main', filled: true, value: (p) => p.waiting }] },
  { id: 'response', title: 'Response', unit: 'log scale', scale: 'log', least: 0.01, say: duration, series: [
    { name: 'p99', look: 'second', value: (p) => p.response_p99_ms },
    { name: 'p50', look: 'main', value: (p) => p.response_p50_ms }] },
  { id: 'wait', title: 'Wait for a lease', unit: 'log scale', scale: 'log', least: 0.1, say: duration, series: [
    { name: 'p99', look: 'second', value: (p) => p.wait_p99_ms }] },
];

const known = (value) => value !== null && value !== undefined;

class Chart {
  constructor(spec) {
    this.spec = spec;
    this.node = element('figure', `chart ${spec.id}`);
    this.picture = drawing('svg', { 'aria-hidden': 'true' });
    this.grid = drawing('g', { class: 'grid' });
    this.gaps = drawing('g', { class: 'gaps' });
    this.cross = drawing('line', { class: 'cross', visibility: 'hidden' });
    this.picture.append(this.gaps, this.grid);
    const readings = element('ul', 'readings');
    this.series = spec.series.map((series) => this.#prepare(series, readings));
    this.picture.append(this.cross, ...this.series.map((series) => series.dot));
    const caption = element('figcaption');
    const title = element('h3', '', spec.title);
    title.append(element('span', 'soft', spec.unit));
    caption.append(title, readings);
    this.node.append(caption, this.picture);
  }

  #prepare(series, readings) {
    const area = series.filled ? drawing('path', { class: `area ${series.look}` }) : null;
    const line = drawing('path', { class: `line ${series.look}` });
    const dot = drawing('circle', { class: `dot ${series.look}`, r: 3.5, visibility: 'hidden' });
    this.picture.append(...[area, line].filter(Boolean));
    const item = element('li');
    const key = drawing('svg', { class: 'key', width: 18, height: 8, 'aria-hidden': 'true' });
    key.append(drawing('path', { class: `line ${series.look}`, d: series.bars ? 'M5 8V2M9 8V0M13 8V4' : 'M1 4H17' }));
    const reading = element('b');
    item.append(key, element('span', '', series.name), reading);
    readings.prepend(item);
    return { ...series, area, line, dot, reading };
  }

  draw(history, gapMs, span) {
    const box = this.picture.getBoundingClientRect();
    if (box.width === 0) return;
    const [width, height] = [box.width - LEFT - RIGHT, box.height - TOP - BOTTOM];
    setAttribute(this.picture, 'viewBox', `0 0 ${box.width} ${box.height}`);
    const start = history.now - span;
    const values = history.points.flatMap((point) => this.series.map((s) => s.value(point)).filter(known));
    const scale = this.spec.scale === 'log' ? logScale(values, height, this.spec.least) : linearScale(values, height, this.spec.scale === 'whole');
    this.x = (at) => LEFT + ((at - start) / span) * width;
    this.y = (value) => TOP + scale.place(value);
    this.size = { width, height, start, span };
    const parts = stretches(history.points, gapMs);
    this.#drawGrid(scale.ticks, timeTicks(start, history.now, width, 64));
    this.#drawGaps(parts);
    for (const series of this.series) this.#drawSeries(series, parts);
  }

  #drawGrid(values, times) {
    const { width, height } = this.size;
    const { scale, least } = this.spec;
    const say = scale === 'log' ? (value) => (value <= least ? '≤' : '') + roundDuration(value) : String;
    const rows = values.map((value) => ({ key: `y${value}`, x: LEFT - 6, y: this.y(value) + 3.5, text: say(value), anchor: 'end', d: `M${LEFT} ${this.y(value).toFixed(1)}h${width.toFixed(1)}` }));
    const inside = (at) => this.x(at) >= LEFT + 14 && this.x(at) <= LEFT + width - 8;
    const columns = times.filter(inside).map((at) => ({ key: `x${at}`, x: this.x(at), y: TOP + height + 15, text: minute(at), anchor: 'middle', d: `M${this.x(at).toFixed(1)} ${TOP + height}v3` }));
    keepChildren(this.grid, [...rows, ...columns], (tick) => tick.key, makeTick, updateTick);
  }

  #drawGaps(parts) {
    const { height } = this.size;
    const gaps = parts.slice(1).map((part, i) => ({ from: parts[i].at(-1).at, to: part[0].at }));
    keepChildren(this.gaps, gaps, (gap) => gap.from, () => drawing('rect'), (node, gap) => {
      setAttribute(node, 'x', this.x(gap.from).toFixed(1));
      setAttribute(node, 'width', (this.x(gap.to) - this.x(gap.from)).toFixed(1));
      setAttribute(node, 'y', TOP);
      setAttribute(node, 'height', height);
    });
  }

  #drawSeries(series, parts) {
    const ground = TOP + this.size.height;
    if (series.bars) {
      setAttribute(series.line, 'd', this.#bars(series, parts.flat(), ground));
      return;
    }
    const runs = parts.flatMap((part) => knownRuns(part, series.value));
    const along = (run) => run.map((p) => `${this.x(p.at).toFixed(1)} ${this.y(series.value(p)).toFixed(1)}`).join('L');
    setAttribute(series.line, 'd', runs.map((run) => `M${along(run)}${run.length === 1 ? 'h1.5' : ''}`).join(''));
    if (!series.area) return;
    const filled = (run) => `M${this.x(run[0].at).toFixed(1)} ${ground}L${along(run)}V${ground}Z`;
    setAttribute(series.area, 'd', runs.map(filled).join(''));
  }

  /** However few they are beside the rest, failures are seen: a bar is 3 px high at the least. */
  #bars(series, points, ground) {
    const bar = (p) => `M${this.x(p.at).toFixed(1)} ${ground}V${Math.min(ground - 3, this.y(series.value(p))).toFixed(1)}`;
    return points.filter((p) => series.value(p) > 0).map(bar).join('');
  }

  /** Shows the values at a point; `at` is where the reading line stands, or `null` when nobody reads. */
  read(point, at) {
    const reads = at !== null && this.x !== undefined;
    setAttribute(this.cross, 'visibility', reads ? 'visible' : 'hidden');
    if (reads) {
      const x = this.x(at).toFixed(1);
      for (const [name, value] of [['x1', x], ['x2', x], ['y1', TOP], ['y2', TOP + this.size.height]]) setAttribute(this.cross, name, value);
    }
    for (const series of this.series) {
      const value = point ? series.value(point) : null;
      setText(series.reading, this.spec.say(value));
      const dotted = reads && known(value);
      setAttribute(series.dot, 'visibility', dotted ? 'visible' : 'hidden');
      if (!dotted) continue;
      setAttribute(series.dot, 'cx', this.x(point.at).toFixed(1));
      setAttribute(series.dot, 'cy', this.y(value).toFixed(1));
    }
  }

  /** The moment below a place on the screen. */
  moment(clientX) {
    const { left } = this.picture.getBoundingClientRect();
    const part = (clientX - left - LEFT) / this.size.width;
    return this.size.start + Math.min(1, Math.max(0, part)) * this.size.span;
  }

  says(point) {
    return `${this.spec.title}: ${this.series.map((s) => `${s.name} ${this.spec.say(s.value(point))}`).join(', ')}`;
  }
}

function makeTick(tick) {
  const node = drawing('g');
  node.append(drawing('path'), drawing('text', { 'text-anchor': tick.anchor }));
  return node;
}

function updateTick(node, tick) {
  const [path, text] = node.children;
  setAttribute(path, 'd', tick.d);
  setAttribute(text, 'x', tick.x.toFixed(1));
  setAttribute(text, 'y', tick.y.toFixed(1));
  setText(text, tick.text);
}

function knownRuns(part, valueOf) {
  const runs = [];
  let open = false;
  for (const point of part) {
    const isKnown = known(valueOf(point));
    if (isKnown && open) runs.at(-1).push(point);
    else if (isKnown) runs.push([point]);
    open = isKnown;
  }
  return runs;
}

/** All charts with the reading line they share. */
export class Charts {
  #history = null;
  #gapMs = LEAST_GAP_MS;
  #readAt = null;
  #span = WINDOW_MS;

  constructor(parent) {
    this.charts = SPECS.map((spec) => new Chart(spec));
    parent.append(...this.charts.map((chart) => chart.node));
    for (const chart of this.charts) {
      const follow = (event) => this.#readFrom(chart, event);
      chart.picture.addEventListener('pointermove', follow);
      chart.picture.addEventListener('pointerdown', follow);
      chart.picture.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.#stopReading());
    }
    parent.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(parent);
  }

  show(history, intervalMs) {
    if (history !== this.#history) this.#readAt = null;
    this.#history = history;
    this.#gapMs = Math.max(LEAST_GAP_MS, 2.5 * (intervalMs ?? 1000));
    this.#draw();
  }

  #draw() {
    if (!this.#history) return;
    const { points, now } = this.#history;
    const age = now - (points[0]?.at ?? 0);
    this.#span = SPANS_MS.find((span) => age <= span) ?? WINDOW_MS;
    setText(byId('span-word'), `Last ${this.#span / MINUTE_MS} minutes`);
    for (const chart of this.charts) chart.draw(this.#history, this.#gapMs, this.#span);
    this.#read();
  }

  #readFrom(chart, event) {
    if (!this.#history || !chart.size) return;
    const at = chart.moment(event.clientX);
    this.#readAt = this.#near(at)?.at ?? at;
    this.#read();
  }

  #near(at) {
    return nearest(this.#history.points, at, this.#gapMs);
  }

  #stopReading() {
    this.#readAt = null;
    if (this.#history) this.#read();
  }

  #read() {
    const { now } = this.#history;
    if (this.#readAt !== null && this.#readAt < now - this.#span) this.#readAt = null;
    const point = this.#near(this.#readAt ?? now);
    for (const chart of this.charts) chart.read(point, this.#readAt);
    setText(byId('reading-time'), this.#words(point));
  }

  #words(point) {
    if (this.#readAt === null) return point ? 'newest values' : this.#history.points.length > 0 ? 'no new values' : 'no values yet';
    const ago = `${elapsed(this.#history.now - this.#readAt + 500)} ago`;
    return `values at ${clock(this.#readAt)}, ${ago}${point ? '' : ': none'}`;
  }

  #key(event) {
    const steps = { ArrowLeft: -1000, ArrowRight: 1000, PageUp: -MINUTE_MS, PageDown: MINUTE_MS };
    const step = steps[event.key];
    if (event.key === 'Escape') this.#stopReading();
    if (step === undefined || !this.#history) return;
    event.preventDefault();
    const { points, now } = this.#history;
    const aim = (this.#readAt ?? now) + step;
    const next = step < 0 ? points.findLast((p) => p.at <= aim + SLACK_MS) ?? points[0] : points.find((p) => p.at >= aim - SLACK_MS) ?? points.at(-1);
    if (!next) return;
    this.#readAt = next.at;
    this.#read();
    setText(byId('reading-said'), `${clock(next.at)}. ${this.charts.map((chart) => chart.says(next)).join('. ')}`);
  }
}
