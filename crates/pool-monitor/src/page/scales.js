// From values to places, and where the lines of the grid are. Rules:
// - Pure: nothing here knows of the document.
// - The top of a scale moves in steps, so that a chart does not tremble with its newest value.

/** From zero, with at most four steps of 1, 2 or 5 times a power of ten; `whole`: steps of one at the least. */
export function linearScale(values, height, whole) {
  const most = Math.max(0, ...values) || 1;
  const step = niceStep(most / 4, whole);
  const top = Math.ceil(most / step - 1e-9) * step;
  const ticks = [];
  for (let i = 0; i * step <= top * 1.0001; i += 1) ticks.push(i * step);
  return { ticks, place: (value) => height - (Math.min(value, top) / top) * height };
}

function niceStep(least, whole) {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least * 0.9999);
  return whole ? Math.max(1, step) : step;
}

/** Logarithmic, over whole decades from `least` on; what is less, nothing too, lies on the ground, which is `least` then. */
export function logScale(values, height, least) {
  const above = values.map((value) => Math.max(least, value));
  const low = above.length > 0 ? Math.floor(Math.log10(Math.min(...above)) + 1e-9) : 0;
  const high = above.length > 0 ? Math.max(low + 1, Math.ceil(Math.log10(Math.max(...above)) - 1e-9)) : 2;
  const ticks = [];
  for (let power = low; power <= high; power += 1) {
    ticks.push(10 ** power);
    if (high - low <= 2 && power < high) ticks.push(3 * 10 ** power);
  }
  const place = (value) => (value <= 0 ? height : height - ((Math.log10(value) - low) / (high - low)) * height);
  return { ticks, place: (value) => Math.min(height, Math.max(0, place(value))) };
}

/** Round clock times between two moments, as close as the room allows. */
export function timeTicks(start, end, width, room) {
  const minutes = (end - start) / 60_000;
  const step = ([1, 2, 5].find((n) => (n / minutes) * width >= room) ?? 5) * 60_000;
  const ticks = [];
  for (let at = Math.ceil(start / step) * step; at <= end; at += step) ticks.push(at);
  return ticks;
}

/** The stretches of points without a gap between them. */
export function stretches(points, gapMs) {
  const found = [];
  for (const point of points) {
    const stretch = found.at(-1);
    if (stretch && point.at - stretch.at(-1).at <= gapMs) stretch.push(point);
    else found.push([point]);
  }
  return found;
}

/** The point closest to a moment, if it is within reach. */
export function nearest(points, at, reachMs) {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].at < at) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [points[low - 1], points[low]];
  const best = before && (!after || at - before.at < after.at - at) ? before : after;
  return best && Math.abs(best.at - at) <= reachMs ? best : null;
}
