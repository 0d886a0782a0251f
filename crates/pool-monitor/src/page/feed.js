// Asks for the status, again and again. Rules:
// - One request under way at most; a request that takes too long is given up.
// - Each second when all is well; after failures less and less often, each 5 s at the least; never while the page is hidden.
// - The token is kept in this object only: not in storage, not in an address.
// - When a token is wanted, nothing more is asked until there is another one.

const PATIENCE_MS = 4000;
const SLOWEST_MS = 5000;
const STALE_MS = 3000;
const CATCH_UP_MS = 5000;
/** No token has other characters; a request with them would fail before it is sent. */
const SENDABLE = /^[!-~]+$/;

export class Feed {
  #token = null;
  #timer = 0;
  #underWay = null;
  #failures = 0;
  #answeredAt = 0;
  #waitingSince = performance.now();
  #dueAt = 0;
  #interval = 1000;
  #wanted = false;
  #problem = null;

  /**
   * `question(catchUp)` gives what to ask for (its `address` is used), `onAnswer(answer, question)` takes the answer to it,
   * `onChange()` hears of every other outcome.
   */
  constructor({ question, onAnswer, onChange }) {
    Object.assign(this, { question, onAnswer, onChange });
    document.addEventListener('visibilitychange', () => this.#visibility());
  }

  get hasToken() {
    return this.#token !== null;
  }

  /** What the page must say about itself, now. */
  get pulse() {
    const silent = performance.now() - Math.max(this.#answeredAt, this.#waitingSince);
    const dueIn = this.#underWay ? 0 : Math.max(0, this.#dueAt - performance.now());
    const stale = !this.#wanted && silent >= STALE_MS;
    return { stale, silent, dueIn, answered: this.#answeredAt > 0, wanted: this.#wanted, problem: this.#problem };
  }

  headers() {
    return this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` };
  }

  /** Asks now, and gives up what is under way. Returns "good", "refused", "failed" or "dropped". */
  async ask() {
    if (document.hidden) return 'dropped';
    clearTimeout(this.#timer);
    this.#underWay?.abort();
    const control = new AbortController();
    this.#underWay = control;
    const catchUp = this.#failures > 0 || performance.now() - this.#answeredAt > CATCH_UP_MS;
    const question = this.question(catchUp);
    const tooLong = setTimeout(() => control.abort(), PATIENCE_MS);
    const outcome = await this.#fetch(question.address, control.signal);
    clearTimeout(tooLong);
    if (this.#underWay !== control) return 'dropped';
    this.#underWay = null;
    this.#settle(outcome, question);
    return outcome.word;
  }

  /** Tries another token; one that is refused does not replace one that was good. */
  async offer(token) {
    if (!SENDABLE.test(token.trim())) return 'refused';
    const [wasGood, before] = [!this.#wanted, this.#token];
    this.#token = token;
    const word = await this.ask();
    if (word === 'refused' && wasGood) {
      this.#token = before;
      await this.ask();
    }
    return word;
  }

  forget() {
    this.#token = null;
    return this.ask();
  }

  async #fetch(address, signal) {
    try {
      const answer = await fetch(address, { headers: this.headers(), cache: 'no-store', signal });
      if (answer.status === 401) return { word: 'refused' };
      if (!answer.ok) return { word: 'failed', problem: `The answer is an error (${answer.status})` };
      const body = await answer.json();
      if (!Array.isArray(body?.pools)) return { word: 'failed', problem: 'The answer cannot be understood' };
      return { word: 'good', body };
    } catch (error) {
      return { word: 'failed', problem: error instanceof SyntaxError ? 'The answer cannot be understood' : null };
    }
  }

  #settle({ word, body, problem = null }, question) {
    this.#problem = problem;
    this.#wanted = word === 'refused';
    this.#failures = word === 'failed' ? this.#failures + 1 : 0;
    if (word === 'good') {
      this.#answeredAt = performance.now();
      this.#interval = Math.min(SLOWEST_MS, Math.max(500, body.interval_ms ?? 1000));
    }
    if (!this.#wanted) this.#schedule();
    if (word === 'good') this.onAnswer(body, question);
    else this.onChange();
  }

  #schedule() {
    const delay = Math.min(SLOWEST_MS, this.#interval * 1.5 ** this.#failures);
    this.#dueAt = performance.now() + delay;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ask(), delay);
  }

  #visibility() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    this.#waitingSince = performance.now();
    if (!this.#wanted && !this.#underWay) this.ask();
  }
}
