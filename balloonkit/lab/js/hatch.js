// @ts-check
// A palette's look as a background: its colour, and its hatch for eyes that do not tell colours.

/** @import { Look } from "./types" */

/** @param {number} degrees */
const lines = (degrees) =>
  `repeating-linear-gradient(${degrees}deg, var(--hatch) 0 1px, transparent 1px 6px)`;
/** @type {Record<string, string>} */
const HATCHES = {
  "•": "radial-gradient(var(--hatch) 1px, transparent 1.4px) 0 0 / 6px 6px",
  "/": lines(135),
  "\\": lines(45),
  x: `${lines(45)}, ${lines(135)}`,
  "+": `${lines(0)}, ${lines(90)}`,
};

/**
 * Fill an element as a look says; what has no colour of its own lets the page show through.
 * @param {HTMLElement} el
 * @param {Pick<Look, "colour" | "ink" | "mark" | "empty">} look
 */
export function fillAs(el, { colour, ink, mark, empty }) {
  el.style.setProperty("--hatch", empty ? "var(--bk-edge)" : `${ink}66`);
  const paint = empty ? "transparent" : colour;
  el.style.background = [HATCHES[mark], paint].filter(Boolean).join(", ");
  if (!empty) el.style.color = ink;
}
