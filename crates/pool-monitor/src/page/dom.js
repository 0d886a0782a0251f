// Making what is shown. Rules kept here: text is text, whatever it contains; style comes from classes, never from markup.

export function byId(id) {
  return document.getElementById(id);
}

// An element with a class, and text or children.
export function make(tag, kind, ...content) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...content.filter((part) => part !== null && part !== undefined));
  return element;
}

// The same in SVG, with attributes.
export function draw(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Changes a text only if it is another one, so that a screen reader says it once.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
