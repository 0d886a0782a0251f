// Fifteen minutes in lines. Rules kept here: every chart has the same hours; a line is drawn only where there were samples; the hand on one
// chart reads all of them at the same second.

import { byId, draw, make, say } from "./dom.js";
import { clock, count, time } from "./words.js";

const SPAN = 15 * 60_000;
const MARGIN = { left: 46, right: 6, top: 10, bottom: 18 };

const CHARTS = [
  { title: "Connections", say: count, lines: [["in use", (p) => p.in_use], ["open or opening", (p) => p.total], ["at most", (p) => p.max]] },
  { title: "Callers waiting", say: count, lines: [["waiting", (p) => p.waiting]] },
  { title: "Uses per second", say: count, lines: [["ended", (p) => p.throughput], ["failed or turned away", (p) => p.failures]] },
  { title: "Time in use", say: time, lines: [["median", (p) => p.response_p50_ms], ["99th percentile", (p) => p.response_p99_ms]] },
  { title: "Wait for a connection", say: time, lines: [["99th percentile", (p) => p.wait_p99_ms]] },
];
const KINDS = ["first", "second", "third"];

// `points` is asked for the samples with their moment `at`; what it gives is sorted by it.
export function charts(points, interval) {
  let hand = null;
  const drawn = CHARTS.map((chart) => ({ chart, ...frame(chart) }));
  const home = byId("charts");
  home.replaceChildren(...drawn.map((one) => one.figure));

  const redraw = () => {
    const now = Date.now();
    const shown = points().filter((point) => now - point.at < SPAN);
    const read = hand === null ? shown.at(-1) : nearest(shown, hand);
    for (const one of drawn) paint(one, shown, read, { now, hand, gap: 3 * interval() });
    say(byId("reading"), hand === null || !read ? "Point at a chart, or use the arrow keys in it, to read a moment." : `At ${clock(read.at)}.`);
  };
  const point = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const part = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
    hand = Date.now() - SPAN * (1 - Math.min(1, Math.max(0, part)));
    redraw();
  };
  const leave = () => { hand = null; redraw(); };
  const step = (event) => {
    const by = { ArrowLeft: -interval(), ArrowRight: interval(), Escape: null }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    hand = by === null ? null : Math.min(Date.now(), (hand ?? Date.now()) + by * (event.shiftKey ? 30 : 1));
    redraw();
  };
  for (const { svg } of drawn) {
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerleave", leave);
    svg.addEventListener("keydown", step);
    svg.addEventListener("blur", leave);
  }
  addEventListener("resize", redraw);
  return redraw;
}

function frame(chart) {
  const values = chart.lines.map(() => make("b"));
  const keys = chart.lines.map(([name], n) => make("span", `key ${KINDS[n]}`, `${name} `, values[n]));
  const svg = draw("svg", { role: "img", "aria-label": `${chart.title} over the last fifteen minutes`, tabindex: 0 });
  return { svg, values, figure: make("figure", "chart", make("figcaption", "", make("b", "", chart.title), ...keys), svg) };
}

function paint({ chart, svg, values }, points, read, { now, hand, gap }) {
  const { width, height } = svg.getBoundingClientRect();
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  if (inner.width <= 0) return;
  const all = points.flatMap((point) => chart.lines.map(([, of]) => of(point) ?? 0));
  const top = roundUp(Math.max(...all, chart.say === time ? 1 : 4));
  const x = (at) => MARGIN.left + inner.width * (1 - (now - at) / SPAN);
  const y = (value) => MARGIN.top + inner.height * (1 - value / top);

  const parts = [0, 0.5, 1].flatMap((part) => level(chart, part * top, y, width));
  for (const minutes of [15, 10, 5, 0]) {
    const anchor = minutes === 15 ? "start" : minutes === 0 ? "end" : "middle";
    parts.push(draw("text", { x: x(now - minutes * 60_000), y: height - 3, "text-anchor": anchor }, minutes ? `−${minutes} min` : "now"));
  }
  chart.lines.forEach(([, of], n) => {
    parts.push(draw("path", { class: KINDS[n], d: path(points, of, x, y, gap) }));
    say(values[n], read ? chart.say(of(read)) : "");
  });
  if (hand !== null && read) {
    parts.push(draw("line", { class: "cross", x1: x(read.at), x2: x(read.at), y1: MARGIN.top, y2: MARGIN.top + inner.height }));
  }
  svg.replaceChildren(...parts);
}

function level(chart, value, y, width) {
  return [
    draw("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(value), y2: y(value) }),
    draw("text", { x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, chart.say(value)),
  ];
}

function path(points, of, x, y, gap) {
  let steps = "", last = null;
  for (const point of points) {
    const value = of(point);
    if (value === null || value === undefined) { last = null; continue; }
    const broken = last === null || point.at - last > gap;
    steps += `${broken ? "M" : "L"}${x(point.at).toFixed(1)} ${y(value).toFixed(1)}`;
    // A sample with none beside it is a dot.
    if (broken) steps += "h0.01";
    last = point.at;
  }
  return steps;
}

function nearest(points, at) {
  return points.reduce((best, point) => (!best || Math.abs(point.at - at) < Math.abs(best.at - at) ? point : best), null);
}

// The next of 1, 2, 5 times a power of ten.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= value * 0.999);
}
