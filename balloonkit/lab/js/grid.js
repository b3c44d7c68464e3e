// @ts-check
// A grid on a canvas: one cell per page or bit, with an axis, letters, and outlines of what is lit.

import { cellAt, cellPlace, cellTop, layOut } from "./grid_layout.js";

/** @import { Band, Look, Range } from "./types" */
/** @import { LaidBand } from "./grid_layout.js" */

const LETTER_FROM = 11; // CSS pixels a cell needs before a letter fits in it
const DOT_FROM = 3;
const GAPS_FROM = 6; // where gaps leave enough of a cell
const MANY = 64; // so many outlines are thin, or they would hide what is between

/** The theme's colours and font around an element.
 * @param {Element} element */
function themeOf(element) {
  const style = getComputedStyle(element);
  /** @param {string} name */
  const token = (name) => style.getPropertyValue(`--bk-${name}`);
  return {
    ink: token("ink"),
    quiet: token("quiet"),
    paper: token("paper"),
    empty: token("empty"),
    mono: token("mono"),
  };
}

/**
 * A grid that draws values by their looks.
 * @param {Look[]} looks  by value
 */
export function makeGrid(looks) {
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let ratio = 1;
  let seen = false; // or there is no layout yet
  let laid = layOut([], 0, 0);
  let theme = themeOf(canvas);
  /** @param {number} css */
  const px = (css) => Math.round(css * ratio);

  /** @param {Band[]} bands @param {number} width @param {number} height */
  function layout(bands, width, height) {
    ratio = window.devicePixelRatio || 1;
    laid = layOut(bands, width, height, ratio);
    seen = true;
    [canvas.width, canvas.height] = [laid.width, laid.height];
    canvas.style.width = canvas.width / ratio + "px";
    canvas.style.height = canvas.height / ratio + "px";
  }

  /** @param {Uint8Array} values @param {Range[]} lit */
  function draw(values, lit) {
    if (!seen) return;
    theme = themeOf(canvas);
    const letters = laid.cell >= px(LETTER_FROM);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.textBaseline = "middle";
    pen.font = `${px(10)}px ${theme.mono}`;
    drawColumns();
    let free = 0; // below this an axis label has room
    for (const band of laid.bands) {
      if (laid.labelled) {
        pen.fillStyle = theme.ink;
        pen.textAlign = "left";
        pen.fillText(band.label, laid.margin, band.top - px(8));
      }
      drawCells(band, values, !letters && laid.cell >= px(DOT_FROM));
      if (laid.cell >= px(GAPS_FROM)) drawGaps(band);
      free = drawAxis(band, free);
      if (letters) drawLetters(band, values);
    }
    if (lit.length > MANY && !letters) outline(lit, theme.ink, 1);
    else {
      outline(lit, theme.paper, px(3));
      outline(lit, theme.ink, px(2));
    }
  }

  function drawColumns() {
    pen.fillStyle = theme.quiet;
    pen.textAlign = "left";
    for (let c = 0; c < laid.columns; c += laid.columns / 4)
      pen.fillText("+" + c, laid.margin + c * laid.cell, px(7));
  }

  // Runs of one value, row by row.
  /** @param {LaidBand} band @param {Uint8Array} values @param {boolean} dots */
  function drawCells(band, values, dots) {
    const { cell, columns } = laid;
    const end = band.start + band.count;
    const size = Math.max(1, Math.round(cell / 3));
    const off = Math.floor((cell - size) / 2);
    for (let i = band.start, j; i < end; i = j) {
      const rowEnd = i + columns - ((i - band.start + band.lead) % columns);
      for (j = i + 1; j < rowEnd && j < end && values[j] === values[i];) j++;
      const [x, y] = cellPlace(laid, band, i);
      const look = looks[values[i]];
      pen.fillStyle = look.empty ? theme.empty : look.colour;
      pen.fillRect(x, y, (j - i) * cell, cell);
      if (!look.dotted || !dots) continue;
      pen.fillStyle = look.ink;
      for (let k = 0; k < j - i; k++) pen.fillRect(x + k * cell + off, y + off, size, size);
    }
  }

  /** @param {LaidBand} band */
  function drawGaps(band) {
    const { cell, columns, margin } = laid;
    pen.fillStyle = theme.paper;
    for (let c = 0; c <= columns; c++)
      pen.fillRect(margin + c * cell, band.top, 1, band.rows * cell);
    for (let r = 0; r <= band.rows; r++)
      pen.fillRect(margin, band.top + r * cell, columns * cell, 1);
  }

  // The number of each row's first cell, or of the band.
  /** @param {LaidBand} band @param {number} free */
  function drawAxis(band, free) {
    pen.textAlign = "right";
    pen.fillStyle = theme.quiet;
    for (let r = 0; r < band.rows; r++) {
      const y = band.top + (r + 0.5) * laid.cell;
      if (y < free) continue;
      const first = Math.max(0, r * laid.columns - band.lead) + band.first;
      pen.fillText(String(laid.labelled ? first : band.short), laid.margin - px(5), y);
      free = y + px(12);
    }
    return free;
  }

  /** @param {LaidBand} band @param {Uint8Array} values */
  function drawLetters(band, values) {
    const { cell } = laid;
    const { font } = pen;
    pen.textAlign = "center";
    pen.font = `${Math.min(px(13), Math.round(cell * 0.7))}px ${theme.mono}`;
    for (let i = band.start; i < band.start + band.count; i++) {
      const [x, y] = cellPlace(laid, band, i);
      const look = looks[values[i]];
      pen.fillStyle = look.empty ? theme.quiet : look.ink;
      pen.fillText(look.letter, x + cell / 2, y + cell / 2 + 1);
    }
    pen.font = font;
  }

  // Around the lit cells; drawn twice, a wide line of paper below one of ink, to show anywhere.
  /** @param {Range[]} lit @param {string} colour @param {number} out */
  function outline(lit, colour, out) {
    const { cell, columns } = laid;
    pen.fillStyle = colour;
    for (const [base, length] of lit)
      for (const band of laid.bands) {
        const from = Math.max(base, band.start);
        const to = Math.min(base + length, band.start + band.count);
        for (let i = from; i < to; i++) {
          const [x, y] = cellPlace(laid, band, i);
          const column = (i - band.start + band.lead) % columns;
          if (i === from || column === 0) pen.fillRect(x - out, y - out, out, cell + 2 * out);
          if (i === to - 1 || column === columns - 1)
            pen.fillRect(x + cell, y - out, out, cell + 2 * out);
          if (i - columns < from) pen.fillRect(x - out, y - out, cell + 2 * out, out);
          if (i + columns >= to) pen.fillRect(x - out, y + cell, cell + 2 * out, out);
        }
      }
  }

  return {
    canvas,
    layout,
    draw,
    columns: () => laid.columns,
    small: () => laid.cell < px(LETTER_FROM),
    /** The cell under a pointer event, or null.
     * @param {PointerEvent} event */
    at(event) {
      const box = canvas.getBoundingClientRect();
      return cellAt(laid, (event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio);
    },
    /** Where a cell is, in CSS pixels from the canvas's top.
     * @param {number} index */
    topOf: (index) => cellTop(laid, index) / ratio,
  };
}
