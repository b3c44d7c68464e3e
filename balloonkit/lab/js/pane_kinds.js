// @ts-check
// What all panes share: a frame, a grid on a canvas, a list that builds only rows in view.

import { element, find } from "./dom.js";
import { makeGrid } from "./grid.js";

/** @import { Band, Lit, Look, Pane, Piece, Range, State } from "./types" */

export const ROW = 20; // CSS pixels of a list row; the style sheet has it from here

/**
 * Scrolls `scroller` (never the page) until the stretch from top to bottom is in view.
 * @param {HTMLElement} scroller
 * @param {number} top
 * @param {number} bottom
 */
export function scrollTo(scroller, top, bottom) {
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (bottom > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = bottom - scroller.clientHeight;
}

/** @param {Look} look */
function swatchHtml({ dotted, empty, colour, ink, letter, label }) {
  const dot = dotted ? " bk-dotted" : "";
  const style = empty ? "" : `style="background:${colour};color:${ink}"`;
  return `<span><i class="bk-swatch${dot}" ${style}>${letter}</i>${label}</span>`;
}

/**
 * A pane with nothing in it yet.
 * @param {string} id
 * @param {string} title
 * @param {string} term  HTML that says what it is
 * @param {Look[]} looks  of its legend
 * @returns {Pane}
 */
export function makeFrame(id, title, term, looks = []) {
  const section = element("section", "", { class: "bk-pane", "data-pane": id });
  const legend = looks.map(swatchHtml).join("");
  section.innerHTML = `<div class="bk-head"><h4>${title}</h4><p class="bk-fact"></p></div>
    <p class="bk-term">${term}</p>
    <div class="bk-body" tabindex="0" role="application"
      aria-label="${title}: up and down arrow keys move from piece to piece"></div>
    ${legend && `<p class="bk-legend">${legend}</p>`}`;
  return {
    element: section,
    body: find(section, ".bk-body"),
    fact: find(section, ".bk-fact"),
    size() {},
    draw() {},
    count: () => 0,
    piece: () => ({ base: 0, pages: 0, label: "" }),
    stride: () => 1,
    reveal() {},
    pointed({ target }) {
      const at = target instanceof Element && target.closest("[data-i]");
      return at instanceof HTMLElement ? Number(at.dataset.i) : null;
    },
  };
}

/**
 * A pane that is a grid.
 * @param {Pane} frame
 * @param {Look[]} looks
 * @param {object} how
 * @param {(state: State) => Band[]} how.bandsOf  the same array while the bands stay where they are
 * @param {(state: State) => Uint8Array} how.values
 * @param {(base: number, pages: number) => Range[]} how.cells  of pages
 * @param {(i: number) => Piece} how.piece
 * @returns {Pane}
 */
export function makeGridPane(frame, looks, { bandsOf, values, cells, piece }) {
  const grid = makeGrid(looks);
  /** @type {[number, number] | null} */
  let size = null;
  /** @type {Band[] | null} */
  let laid = null;
  let count = 0;
  frame.body.append(grid.canvas);
  /** @param {number} i */
  const reveal = (i) => scrollTo(frame.body, grid.topOf(i) - ROW, grid.topOf(i) + 2 * ROW);
  return {
    ...frame,
    size(...newSize) {
      [size, laid] = [newSize, null];
    },
    draw(state, lit, follow) {
      if (!size) return;
      const bands = bandsOf(state);
      const shown = values(state);
      if (bands !== laid) {
        grid.layout((laid = bands), ...size);
        frame.element.classList.toggle("bk-small", grid.small());
      }
      count = shown.length;
      const outlined = lit.ranges.flatMap(([base, pages]) => cells(base, pages));
      grid.draw(shown, outlined);
      if (follow && outlined.length) reveal(outlined[0][0]);
    },
    count: () => count,
    piece,
    stride: () => grid.columns(),
    pointed: (event) => (event.target === grid.canvas ? grid.at(event) : null),
    reveal,
  };
}

/**
 * A pane that is a list.
 * @template Row
 * @param {Pane} frame
 * @param {object} how
 * @param {(state: State) => Row[]} how.rowsOf
 * @param {(rows: Row[], i: number) => string} how.rowHtml
 * @param {(rows: Row[], i: number) => Piece} how.pieceOf
 * @param {(state: State, rows: Row[], first: number) => void} how.drawn  first row lit, or -1
 * @returns {Pane}
 */
export function makeListPane(frame, { rowsOf, rowHtml, pieceOf, drawn }) {
  const scroller = element("div", "", { class: "bk-scroll" });
  const inner = element("div", "", { class: "bk-rows" });
  scroller.append(inner);
  frame.body.append(scroller);
  // What scrolls takes the focus, or the keyboard would not scroll it.
  for (const name of ["tabindex", "role", "aria-label"]) {
    scroller.setAttribute(name, frame.body.getAttribute(name) ?? "");
    frame.body.removeAttribute(name);
  }
  /** @type {Row[]} */
  let rows = [];
  /** @type {Lit} */
  let lit = { ranges: [], touches: () => false };
  /** @param {number} i */
  const isLit = (i) => lit.touches(pieceOf(rows, i));
  /** @param {number} i */
  const reveal = (i) => scrollTo(scroller, i * ROW, (i + 2) * ROW);
  function build() {
    const from = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 1);
    const to = Math.min(rows.length, from + Math.ceil(scroller.clientHeight / ROW) + 3);
    let html = "";
    for (let i = from; i < to; i++) {
      const row = `class="bk-row${isLit(i) ? " bk-lit" : ""}" data-i="${i}"`;
      html += `<div ${row} style="top:${i * ROW}px">${rowHtml(rows, i)}</div>`;
    }
    inner.innerHTML = html;
  }
  scroller.addEventListener("scroll", build);
  return {
    ...frame,
    body: scroller,
    size() {
      scroller.style.maxHeight = ""; // whole rows only
      scroller.style.maxHeight = Math.floor(scroller.clientHeight / ROW) * ROW + "px";
    },
    draw(state, newLit, follow) {
      [rows, lit] = [rowsOf(state), newLit];
      inner.style.height = rows.length * ROW + "px";
      const first = rows.findIndex((_, i) => isLit(i));
      drawn(state, rows, first);
      if (follow && first >= 0) {
        reveal(rows.findLastIndex((_, i) => isLit(i)));
        reveal(first);
      } else if (follow && !lit.ranges.length) reveal(rows.length - 1);
      build();
    },
    count: () => rows.length,
    piece: (i) => pieceOf(rows, i),
    reveal,
  };
}

/**
 * The pane with a line on its state above it.
 * @param {Pane} pane
 * @param {(state: State) => [fact: string, inFull?: string]} factOf
 * @returns {Pane}
 */
export const withFact = (pane, factOf) => ({
  ...pane,
  draw(state, lit, follow) {
    [pane.fact.textContent, pane.fact.title = ""] = factOf(state);
    pane.draw(state, lit, follow);
  },
});
