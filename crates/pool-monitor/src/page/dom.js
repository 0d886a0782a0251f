// Small helpers for the document. Rules:
// - Text goes in by `textContent` only: names, labels and sentences are not to be trusted.
// - Nothing is written that is there already, so a refresh keeps selection, focus and layout.

const SVG = 'http://www.w3.org/2000/svg';

export const byId = (id) => document.getElementById(id);

/** A new element with a class and a text, both optional. */
export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export function drawing(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function show(node, yes) {
  if (node.hidden === yes) node.hidden = !yes;
}

/** A shape in the colour of a tone: ok, info, warning, critical, off. A word must stand beside it. */
export function mark(tone) {
  const node = element('span', 'mark');
  node.dataset.tone = tone;
  node.setAttribute('aria-hidden', 'true');
  return node;
}

export function setTone(node, tone) {
  if (node.dataset.tone !== tone) node.dataset.tone = tone;
}

/**
 * Makes the children of `parent` one per item, in the order of the items: kept by key, made by `make(item)`, brought up to date
 * by `update(node, item)`.
 */
export function keepChildren(parent, items, keyOf, make, update) {
  const kept = parent.kept ?? new Map();
  const next = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    if (next.has(key)) continue;
    const node = kept.get(key) ?? make(item);
    next.set(key, node);
    update(node, item);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  for (const [key, node] of kept) if (!next.has(key)) node.remove();
  parent.kept = next;
}
