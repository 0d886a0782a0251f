// What an operator may do to the pool. Rules:
// - Nothing is offered that the answer does not offer; without a token only the field for one.
// - Two steps: the first says in words what will happen, with the figures of that moment; only the second does it.
// - The outcome is told in words; when no answer came, that it is not known.
// - The confirmation belongs to one pool: showing another takes it back.

import { byId, setText, show } from './dom.js';
import { clock, count, counted } from './format.js';

const PATIENCE_MS = 10_000;

/** What each operation is called, what it will do (in words, from the pool), and how its success is told. */
const OPERATIONS = {
  suspend: {
    sure: 'Suspend',
    says: ({ name, status }) => [
      `Suspend ${name}: no caller gets a connection and none is opened until somebody resumes it.`,
      `${leasesGoOn(status)} Callers wait, and fail when their time is up.`,
    ].join(' '),
    done: (name) => `${name} is suspended.`,
  },
  resume: {
    sure: 'Resume',
    says: ({ name, status }) => `Resume ${name}: connections are handed out and opened again. ${callersWait(status)}`,
    done: (name) => `${name} is resumed.`,
  },
  invalidate: {
    sure: 'Replace all',
    says: ({ name, status }) => [
      `Replace all connections of ${name} (${count(status.total)} now): those that nobody uses close at once, connects under way are stopped,`,
      `and those in use (${count(status.in_use)} now) close when their leases end. New ones are opened as they are wanted.`,
    ].join(' '),
    done: (name) => `The connections of ${name} are being replaced.`,
  },
  resize: {
    sure: 'Resize',
    says: ({ name, status }, { min, max }) => `Resize ${name}: ${range({ min, max })} connections instead of ${range(status)}. ${resizeEffect(status, { min, max })}`,
    done: (name, { min, max }) => `${name} now keeps ${range({ min, max })} connections.`,
  },
};

const button = (operation) => byId('acts').querySelector(`[data-operation=${operation}]`);

const range = ({ min, max }) => `${count(min)} to ${count(max)}`;

function leasesGoOn(status) {
  if (status.leases === 0) return 'No lease is out.';
  return status.leases === 1 ? 'The lease that is out goes on.' : `The ${count(status.leases)} leases that are out go on.`;
}

function callersWait(status) {
  if (status.waiting === 0) return 'Nobody waits.';
  return status.waiting === 1 ? 'One caller waits for it.' : `${count(status.waiting)} callers wait for it.`;
}

function resizeEffect(status, { min, max }) {
  const effects = [];
  const surplus = status.total - max;
  if (surplus > 0) effects.push(`${counted(surplus, 'connection')} too many will close: unused ones now, those in use when their leases end.`);
  if (min > status.total) effects.push(`${counted(min - status.total, 'connection')} will be opened to reach the minimum.`);
  return effects.join(' ') || 'Nothing is closed or opened for it now.';
}

export class Operations {
  #pool = null;
  #asked = null;
  #edited = false;

  constructor(feed) {
    this.feed = feed;
    byId('unlock').addEventListener('submit', (event) => this.#unlock(event));
    byId('forget').addEventListener('click', () => this.#forget());
    byId('resize').addEventListener('submit', (event) => this.#askResize(event));
    byId('resize').addEventListener('input', () => (this.#edited = true));
    for (const asker of byId('acts').querySelectorAll('[data-operation]')) {
      asker.addEventListener('click', () => this.#ask(asker.dataset.operation));
    }
    byId('confirm-yes').addEventListener('click', () => this.#doIt());
    byId('confirm-no').addEventListener('click', () => this.#takeBack());
    byId('confirm').addEventListener('keydown', (event) => event.key === 'Escape' && this.#takeBack());
  }

  /** `offer` is what the answer says: off, locked or open. */
  show(offer, pool) {
    if (this.#pool?.name !== pool.name) this.#reset();
    this.#pool = pool;
    const open = offer === 'open' && !pool.gone;
    show(byId('operations'), open || offer === 'locked');
    show(byId('unlock'), offer === 'locked');
    show(byId('acts'), open);
    show(byId('forget'), open && this.feed.hasToken);
    if (!open && this.#asked) this.#takeBack();
    const suspended = pool.phase === 'suspended';
    const [appears, goes] = (suspended ? ['resume', 'suspend'] : ['suspend', 'resume']).map(button);
    const hadFocus = document.activeElement === goes;
    show(appears, true);
    show(goes, false);
    if (hadFocus) appears.focus();
    if (!this.#edited) this.#fillResize(pool.status ?? {});
  }

  #reset() {
    this.#edited = false;
    this.#takeBack();
    this.#say('');
  }

  #fillResize({ min, max }) {
    for (const [id, value] of [['resize-min', min], ['resize-max', max]]) {
      const field = byId(id);
      if (field.value !== String(value ?? '')) field.value = value ?? '';
    }
  }

  #say(text, failed = false) {
    const said = byId('operation-said');
    setText(said, text);
    said.classList.toggle('failed', failed);
  }

  #ask(operation, numbers = null) {
    const { name, status } = this.#pool;
    this.#asked = { operation, numbers, name };
    const { sure, says } = OPERATIONS[operation];
    setText(byId('confirm-says'), says({ name, status }, numbers));
    setText(byId('confirm-yes'), sure);
    this.#say('');
    show(byId('confirm'), true);
    byId('confirm').focus();
  }

  #askResize(event) {
    event.preventDefault();
    const [min, max] = ['resize-min', 'resize-max'].map((id) => byId(id).valueAsNumber);
    if (min > max) this.#say('The minimum must not be above the maximum.', true);
    else this.#ask('resize', { min, max });
  }

  #takeBack() {
    if (!this.#asked) return;
    const { operation } = this.#asked;
    const hadFocus = byId('confirm').contains(document.activeElement);
    this.#asked = null;
    show(byId('confirm'), false);
    const asker = operation === 'resize' ? byId('resize').querySelector('button') : button(operation);
    if (hadFocus) asker.focus();
  }

  async #doIt() {
    if (!this.#asked) return;
    const { operation, numbers, name } = this.#asked;
    this.#takeBack();
    this.#say(`${OPERATIONS[operation].sure}: under way…`);
    const refusal = await this.#post(name, operation, numbers);
    if (this.#pool.name === name) {
      if (!refusal && operation === 'resize') this.#edited = false;
      this.#say(`${clock(Date.now())}: ${refusal ?? OPERATIONS[operation].done(name, numbers)}`, refusal !== null);
    }
    this.feed.ask();
  }

  /** Returns `null` when it is done, or in words why not. */
  async #post(name, operation, numbers) {
    const headers = this.feed.headers();
    if (numbers) headers['Content-Type'] = 'application/json';
    const address = `api/pools/${encodeURIComponent(name)}/${operation}`;
    try {
      const answer = await fetch(address, { method: 'POST', headers, body: numbers && JSON.stringify(numbers), signal: AbortSignal.timeout(PATIENCE_MS) });
      return answer.ok ? null : `Not done: ${await errorWords(answer)}`;
    } catch {
      return 'No answer: it is not known whether it was done.';
    }
  }

  async #unlock(event) {
    event.preventDefault();
    const field = byId('operator-token');
    const word = await this.feed.offer(field.value);
    field.value = '';
    if (word === 'failed') this.#say('No answer: the token could not be tried.', true);
    else if (word === 'refused' || !byId('unlock').hidden) this.#say('This token may not operate.', true);
    else {
      this.#say('');
      byId('acts').querySelector('button:not([hidden])').focus();
    }
  }

  #forget() {
    this.#reset();
    this.feed.forget();
  }
}

async function errorWords(answer) {
  const body = await answer.json().catch(() => null);
  return typeof body?.error === 'string' ? body.error : `the answer is an error (${answer.status}).`;
}
