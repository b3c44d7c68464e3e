// @ts-check
// Making elements, finding them, watching them.

/**
 * An element with text and attributes.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string | number} text
 * @param {Record<string, string | number>} attributes
 */
export function element(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = String(text);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/**
 * Text that can stand in HTML.
 * @param {unknown} text
 */
export const escapeText = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * The element a selector finds; there must be one.
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`no element is ${selector}`);
  return found;
}

/**
 * Watch with an observer until the function returned is called. JupyterLab puts observers of its
 * own in place of the browser's, and keeps them and their callbacks for ever: so at its end a
 * callback holds nothing any more.
 * @template Entry
 * @param {new (react: (entries: Entry[]) => void) => { disconnect(): void }} Observer
 * @param {(observer: any) => void} begin  begins to observe
 * @param {(entries: Entry[]) => void} react
 */
export function watch(Observer, begin, react) {
  /** @type {((entries: Entry[]) => void) | null} */
  let call = react;
  const observer = new Observer((entries) => call?.(entries));
  begin(observer);
  return () => {
    observer.disconnect();
    call = null;
  };
}
