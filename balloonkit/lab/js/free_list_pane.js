// @ts-check
// The pane of free lists: blocks by order, and the CPU's own stock, the next out first.

import { escapeText } from "./dom.js";
import { ROW, makeFrame, scrollTo } from "./pane_kinds.js";

/** @import { Lit, Palette, Pane, Piece, Trace } from "./types" */

const DIGIT = 7; // CSS pixels, as is all below
const NAME = 68; // a row's name and its gaps
const BLOCK = 15; // a block's edges and gap

/**
 * Which rows ever hold something: a row for what never does would be a row of nothing.
 * @param {Trace} trace
 * @returns {{ seen: boolean[][], stocked: boolean[] }}  by zone and order; by zone
 */
function rowsSeen({ initial, steps }) {
  const { outside } = initial;
  const seen = initial.lists.map((zone, z) =>
    zone.map((blocks, order) => blocks.length > 0 || (outside?.lists[z][order] ?? 0) > 0),
  );
  const stocked = initial.stock.map((pages, z) => pages.length > 0 || (outside?.stock[z] ?? 0) > 0);
  for (const step of steps) {
    for (const [how, zone, order] of step.lists ?? []) if (how !== "-") seen[zone][order] = true;
    for (const [zone, order] of step.outside?.lists ?? []) seen[zone][order] = true;
    for (const [how, zone] of step.stock ?? []) if (how !== "-") stocked[zone] = true;
    for (const [zone] of step.outside?.stock ?? []) stocked[zone] = true;
  }
  return { seen, stocked };
}

/**
 * @param {Trace} trace
 * @param {Palette} palette
 * @returns {Pane}
 */
export function makeFreeListPane(trace, palette) {
  const frame = makeFrame(
    "lists",
    "Free lists",
    "Free blocks of 2<sup>order</sup> pages, and single pages in the CPU's own stock; next out first.",
    [{ ...palette.pages[2], label: "free block, by its first PFN" }],
  );
  const { seen, stocked } = rowsSeen(trace);
  const digits = String(trace.span).length;
  const countWidth = Math.max(24, DIGIT * digits + 11);
  frame.body.style.setProperty("--bk-count", `${countWidth}px`);
  let fit = 4;
  /** @type {Piece[]} */
  let pieces = [];

  /** @param {boolean} on */
  const mark = (on) => (on ? " bk-lit" : "");
  /** @type {(name: string, title: string, all: Piece[], elsewhere: number, lit: Lit) => string} */
  function rowHtml(name, title, all, elsewhere, lit) {
    const shown = all.slice(0, all.length > fit ? fit - 1 : fit);
    const rest = all.slice(shown.length);
    const count = (all.length + elsewhere).toLocaleString("en");
    let html = `<div class="bk-order"><span title="${title}">${name}</span><b>${count}</b>`;
    for (const piece of shown) {
      const on = mark(lit.touches(piece));
      html += `<i class="bk-block${on}" data-i="${pieces.length}">${piece.base}</i>`;
      pieces.push(piece);
    }
    if (rest.length || elsewhere) {
      const on = mark(rest.some(lit.touches));
      const more = rest.slice(0, 60).map(({ base }) => base);
      const out = elsewhere ? `and ${elsewhere.toLocaleString("en")} outside this window` : "";
      const text = rest.length ? `+${rest.length + elsewhere}` : out;
      const all = [more.join(" "), out].filter(Boolean).join(" ");
      html += `<i class="bk-more${on}" title="${all}">${text}</i>`;
    }
    return html + "</div>";
  }
  /** @param {HTMLElement | null | undefined} row */
  const showRow = (row) => {
    if (row) scrollTo(frame.body, row.offsetTop - ROW, row.offsetTop + ROW);
  };

  return {
    ...frame,
    size(width) {
      fit = Math.max(2, Math.floor((width - NAME - countWidth) / (digits * DIGIT + BLOCK)));
    },
    draw({ lists, stock, outside }, lit, follow) {
      pieces = [];
      let html = "";
      trace.zones.forEach(([zone, first, end], z) => {
        const name = escapeText(zone);
        html += `<h5>${name} <span>PFN ${first}\u2013${end - 1}</span></h5>`;
        if (stocked[z]) {
          const label = `page in the CPU's own stock of ${name}`;
          const all = stock[z].map((base) => ({ base, pages: 1, label }));
          const elsewhere = outside?.stock[z] ?? 0;
          html += rowHtml("stock", "single pages, without a lock", all, elsewhere, lit);
        }
        for (let order = seen[z].length - 1; order >= 0; order--) {
          if (!seen[z][order]) continue;
          const pages = 2 ** order;
          const label = `free block of order ${order} in ${name}`;
          const all = lists[z][order].map((base) => ({ base, pages, label }));
          const elsewhere = outside?.lists[z][order] ?? 0;
          html += rowHtml(`order ${order}`, `${pages} pages`, all, elsewhere, lit);
        }
      });
      frame.body.innerHTML = html;
      if (follow) showRow(frame.body.querySelector(".bk-lit")?.parentElement);
    },
    count: () => pieces.length,
    piece: (i) => pieces[i],
    reveal: (i) => showRow(frame.body.querySelector(`[data-i="${i}"]`)?.parentElement),
  };
}
