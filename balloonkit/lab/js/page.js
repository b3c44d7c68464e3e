// @ts-check
// Widgets without a kernel: each gets a stand-in for its model, filled with the stored state.

import { find } from "./dom.js";

/** @import { Model } from "./types" */
/**
 * A widget as a notebook stores it.
 * @typedef {object} Stored
 * @property {string} kind
 * @property {Record<string, any>} state
 * @property {{ path: string[], data: string }[]} buffers  in base64
 */

/** @type {{ modules: Record<string, { esm: string, css: string }>, models: Record<string, Stored> }} */
const { modules, models } = JSON.parse(find(document, "#widgets").textContent ?? "");

/** @param {string} base64 */
function dataView(base64) {
  return new DataView(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
}

/** @param {Stored} stored @returns {Model} */
function standIn({ state, buffers }) {
  for (const { path, data } of buffers) {
    const holder = path.slice(0, -1).reduce((value, key) => value[key], state);
    holder[path[path.length - 1]] = dataView(data);
  }
  /** @type {{ event: string, react: () => void }[]} */
  const reactions = [];
  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      for (const { event, react } of [...reactions]) if (event === `change:${name}`) react();
    },
    on(event, react) {
      reactions.push({ event, react });
    },
    off(event, react) {
      const kept = reactions.filter((r) => r.event !== event || r.react !== react);
      reactions.splice(0, reactions.length, ...kept);
    },
    save_changes() {},
  };
}

const loaded = new Map();
for (const [kind, { esm, css }] of Object.entries(modules)) {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  loaded.set(kind, (await import(url)).default);
}

const live = new Map(
  Object.entries(models).map(([id, stored]) => [
    id,
    { model: standIn(stored), widget: loaded.get(stored.kind) },
  ]),
);
for (const el of document.querySelectorAll("[data-model]")) {
  if (!(el instanceof HTMLElement)) continue;
  const shown = live.get(el.dataset.model ?? "");
  await shown?.widget.render({ model: shown.model, el });
}
