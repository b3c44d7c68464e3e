// @ts-check
// What every widget shares: its element, ids of its own, reactions that end with it, and one way
// to ask the kernel.

/** @import { Model } from "./types" */

/**
 * One view of a model.
 * @typedef {object} View
 * @property {Model} model
 * @property {HTMLElement} el
 * @property {(name: string) => string} id  the page's only element of this name
 * @property {(reactions: Record<string, () => void>) => void} on  by event, until the view ends
 * @property {(end: () => void) => void} atEnd
 */

/**
 * An anywidget module of a function that draws one view.
 * @param {string[]} classes  of the view's element, besides the kit's own
 * @param {(view: View) => void | Promise<void>} draw
 */
export const makeWidget = (classes, draw) => ({
  /** @param {{ model: Model, el: HTMLElement }} context */
  async render({ model, el }) {
    // Ids are the page's, and each widget loads its module anew: a counter would not do.
    const prefix = `balloonkit-${Math.random().toString(36).slice(2)}`;
    /** @type {(() => void)[]} */
    const ends = [];
    el.classList.add("balloonkit", ...classes);
    await draw({
      model,
      el,
      id: (name) => `${prefix}-${name}`,
      on(reactions) {
        for (const [event, react] of Object.entries(reactions)) {
          model.on(event, react);
          ends.push(() => model.off(event, react));
        }
      },
      atEnd: (end) => ends.push(end),
    });
    return () => {
      ends.splice(0).forEach((end) => end());
      el.replaceChildren(); // JupyterLab keeps the element of a view that is gone
    };
  },
});

/** Keep keys from JupyterLab, which would take them for its own shortcuts.
 * @param {HTMLElement} el */
export const keepKeys = (el) => el.addEventListener("keydown", (event) => event.stopPropagation());

/**
 * Ask the kernel, one request at a time: it repeats a request's number when it has answered it.
 * Meanwhile requests wait, and of those for the same thing only the last is sent.
 * @param {View} view
 * @param {() => void} changed  called when a request is made, and when one is answered
 */
export function makeAsker({ model, on }, changed) {
  /** @type {Map<string, object>} */
  const waiting = new Map();
  const lastNumber = () => model.get("asked").number ?? 0;
  const unanswered = () => lastNumber() !== model.get("answered");
  function sendNext() {
    const [next] = waiting;
    if (next && !unanswered()) {
      const [what, details] = next;
      waiting.delete(what);
      model.set("asked", { ...details, what, number: lastNumber() + 1 });
      model.save_changes();
    }
    changed();
  }
  on({ "change:answered": sendNext });
  return {
    busy: () => waiting.size > 0 || unanswered(),
    /** @param {string} what @param {object} details */
    ask(what, details = {}) {
      waiting.set(what, details);
      sendNext();
    },
  };
}
