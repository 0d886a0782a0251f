// What the page remembers of the one pool it shows. Rules:
// - Bounded: 900 points, 200 notices, and no point older than 15 minutes.
// - Ages become local times once, when they arrive, and stay.
// - A pool that starts anew counts anew: a whole answer decides from then on; what is older is kept, and a notice of the page's own parts
//   the two, for an alert of the one before ends nowhere.

export const WINDOW_MS = 15 * 60_000;
const MOST_POINTS = 900;
const MOST_NOTICES = 200;
const QUIET_MS = 5000;
const AGAIN_MS = 10_000;

export class History {
  points = [];
  notices = [];
  now = Date.now();
  #lastPoint = 0;
  #lastNotice = 0;
  #wholeAt = 0;

  /** The numbers after which all is new, for the next question; `null`: everything shall come. */
  newest(catchUp) {
    const newestAt = this.points.at(-1)?.at ?? 0;
    const quiet = Date.now() - newestAt > QUIET_MS && Date.now() - this.#wholeAt > AGAIN_MS;
    if (catchUp || quiet || this.#wholeAt === 0) return null;
    return { after: this.#lastPoint, notices: this.#lastNotice };
  }

  take(detail, whole) {
    this.now = Date.now();
    const points = this.#timed(detail.points);
    const notices = this.#timed(detail.notices);
    if (whole) {
      this.#wholeAt = this.now;
      this.points = olderThan(this.points, points);
      this.notices = olderThan(this.notices, notices);
      if ((points.at(-1)?.seq ?? 0) < this.#lastPoint) this.notices.push(anew(points[0]?.at ?? this.now));
      this.#lastPoint = this.#lastNotice = 0;
    }
    this.#lastPoint = append(this.points, points, this.#lastPoint);
    this.#lastNotice = append(this.notices, notices, this.#lastNotice);
    const start = this.now - WINDOW_MS;
    this.points = this.points.filter((point) => point.at >= start).slice(-MOST_POINTS);
    this.notices = this.notices.slice(-MOST_NOTICES);
  }

  #timed(list) {
    return (list ?? []).map((item) => ({ ...item, at: this.now - item.age_ms })).sort((a, b) => a.seq - b.seq);
  }
}

const anew = (at) => ({ seq: 0, at, severity: 'info', missed: 0, text: 'the pool began anew: what is older is of the one before it' });

function olderThan(kept, fresh) {
  return fresh.length === 0 ? kept : kept.filter((item) => item.at < fresh[0].at - 500);
}

/** Appends what is newer than `last`, and returns the newest number there is now. */
function append(kept, fresh, last) {
  for (const item of fresh) {
    if (item.seq <= last) continue;
    last = item.seq;
    kept.push(item);
  }
  return last;
}
