// @ts-check
// What is pointed at, in one line.

import { toHost } from "./pages.js";

/** @import { Palette, Range, State, Trace } from "./types" */

/** @param {string} unit @param {number} first @param {number} n */
const rangeName = (unit, first, n) =>
  `${unit} ${n === 1 ? first : `${first}\u2013${first + n - 1}`}`;

/**
 * Ranges of guest pages in words: PFNs, states, address, host pages.
 * @param {Trace} trace
 * @param {Pick<Palette, "pages">} palette
 * @param {number} step
 * @param {Pick<State, "pages" | "firstPfn">} state
 * @param {Range[]} ranges
 * @param {string} label
 */
export function describe(trace, palette, step, state, ranges, label) {
  const { base: about, pages: many } = trace.steps[step] ?? {};
  if (!ranges.length && trace.window && many)
    return `${rangeName("PFN", about, many)}: what this step changes is outside this window.`;
  if (!ranges.length)
    return "Point at any piece, or tab to a pane and press the up and down arrow keys.";
  if (ranges.length > 1) {
    const pages = ranges.reduce((sum, [, length]) => sum + length, 0);
    return `${label} \u00b7 ${pages} pages in ${ranges.length} ranges`;
  }
  const [[base, pages]] = ranges;
  const at = base - state.firstPfn;
  const kinds = new Set(state.pages.subarray(Math.max(at, 0), Math.max(at + pages, 0)));
  const none = trace.window ? "outside this window" : "no such page";
  const names = [...kinds].map((code) => palette.pages[code].label).join(" and ") || none;
  const host = toHost(trace, base, pages).map(([first, n]) => rangeName("host page", first, n));
  const gpa = "GPA 0x" + (base * trace.page_kib * 1024).toString(16);
  return [label, rangeName("PFN", base, pages), names, gpa, host.join(", ") || "no host page"]
    .filter(Boolean)
    .join(" \u00b7 ");
}
