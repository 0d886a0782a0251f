// Figures and times in words. Rules:
// - `null` is "–": unknown, not applicable, never.
// - A unit stands beside its figure, after a space that does not break.
// - What is not quite all is not "100 %", and what is not quite nothing is not "0 %".

const NONE = '–';
const SPACE = '\u00a0';
const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minuteFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

const missing = (value) => value === null || value === undefined || Number.isNaN(value);

export const count = (value) => (missing(value) ? NONE : whole.format(value));

/** "1 lease", "2 leases". */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** A figure per second, without its unit. */
export function rate(value) {
  if (missing(value)) return NONE;
  if (value === 0 || value >= 100) return whole.format(value);
  return value < 0.1 ? '<0.1' : tenth.format(value);
}

/** A share of one, in per cent. */
export function share(value) {
  if (missing(value)) return NONE;
  const percent = value * 100;
  if (percent === 0 || percent === 100) return `${percent}${SPACE}%`;
  if (percent < 0.1) return `<0.1${SPACE}%`;
  return `${tenth.format(Math.min(percent, 99.9))}${SPACE}%`;
}

/** A duration as short as it can be said: two units at most. */
export function duration(ms) {
  if (missing(ms)) return NONE;
  if (ms < 1000) return `${milliseconds(ms)}${SPACE}ms`;
  if (ms < 10_000) return `${tenth.format(Math.floor(ms / 100) / 10)}${SPACE}s`;
  return longDuration(Math.floor(ms / 1000));
}

/** A round duration, for the ticks of a scale: "0.3 ms", "10 s". */
export const roundDuration = (ms) => (ms < 1000 ? `${Number(ms.toPrecision(1))}${SPACE}ms` : `${Number((ms / 1000).toPrecision(1))}${SPACE}s`);

/** A duration in whole seconds: for what is looked at as it grows. */
export const elapsed = (ms) => (missing(ms) ? NONE : longDuration(Math.max(0, Math.floor(ms / 1000))));

function milliseconds(ms) {
  if (ms === 0) return '0';
  if (ms < 0.01) return '<0.01';
  if (ms < 1) return ms.toFixed(2);
  if (ms < 9.95) return ms.toFixed(1);
  return String(Math.min(999, Math.round(ms)));
}

function longDuration(seconds) {
  const units = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]];
  const from = units.findIndex(([, size]) => seconds >= size);
  if (from < 0) return `0${SPACE}s`;
  const [unit, size] = units[from];
  const parts = [`${Math.floor(seconds / size)}${SPACE}${unit}`];
  const below = units[from + 1];
  const rest = below ? Math.floor((seconds % size) / below[1]) : 0;
  if (rest > 0) parts.push(`${rest}${SPACE}${below[0]}`);
  return parts.join(SPACE);
}

export const clock = (at) => clockFormat.format(at);
export const minute = (at) => minuteFormat.format(at);

/** Local clock time, with the day when it is not today. */
export function moment(at) {
  const today = new Date().toDateString() === new Date(at).toDateString();
  return today ? clock(at) : `${dayFormat.format(at)}, ${clock(at)}`;
}

/** "close_timeouts" as "close timeouts". */
export const words = (name) => String(name).replaceAll('_', ' ');

export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
