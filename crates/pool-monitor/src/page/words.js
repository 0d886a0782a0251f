// Numbers, times and moods in words. Rules kept here: what is not known is a dash; a figure has the precision of its size.

export const DASH = "–";

export function time(ms) {
  if (ms === null || ms === undefined) return DASH;
  if (ms < 0.0005) return "0 ms";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${(ms / 60_000).toFixed(0)} min`;
  if (ms < 172_800_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${(ms / 86_400_000).toFixed(1)} d`;
}

// An age: whole seconds, since it is read again a second later.
export function age(ms) {
  return ms !== null && ms >= 1000 && ms < 120_000 ? `${Math.round(ms / 1000)} s` : time(ms);
}

export function count(value) {
  if (value === null || value === undefined) return DASH;
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

export function percent(part) {
  const value = part * 100;
  return value > 0 && value < 10 ? `${value.toFixed(1)} %` : `${value.toFixed(0)} %`;
}

export function clock(at) {
  return new Date(at).toLocaleTimeString("en-GB");
}

export function noun(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

const MOODS = {
  running: "well", healthy: "well", degraded: "warn", suspended: "warn", unhealthy: "bad", closed: "bad", critical: "bad", warning: "warn",
  suspect: "warn", draining: "warn", "on probation": "warn",
};

export function mood(word) {
  return MOODS[word] ?? "quiet";
}
