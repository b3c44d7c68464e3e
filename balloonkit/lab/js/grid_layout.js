// @ts-check
// The geometry of a grid: cells in bands (zones, bitmaps, regions), as large as they fit.

/** @import { Band } from "./types" */

const WIDEST_CELL = 32; // this and the rest in CSS pixels
const LOWEST_CELL = 3; // lower would not be seen: scroll instead
const DIGIT = 6.2; // of a digit on the axis
const MARGIN = 36;
const ABOVE = 14;
const LABEL = 17;
const BELOW = 5;

/** @typedef {Band & { lead: number, rows: number, top: number }} LaidBand */

/**
 * Where everything is, in pixels of the canvas.
 * @typedef {object} Layout
 * @property {LaidBand[]} bands  with cells left out before the first, rows, and their upper edge
 * @property {number} columns
 * @property {number} cell  side of a cell
 * @property {boolean} labelled  whether bands have room for a label; else the axis names them
 * @property {number} margin  left of the cells, for the axis
 * @property {number} width
 * @property {number} height
 */

/** @param {Band} band @param {number} columns */
const rowsOf = (band, columns) => Math.ceil(((band.start % columns) + band.count) / columns);

/**
 * Lay bands out in a box of CSS pixels: the cells as large as fit, a power of two in a row.
 * @param {Band[]} bands
 * @param {number} width
 * @param {number} height
 * @param {number} ratio  pixels of the canvas a CSS pixel
 * @returns {Layout}
 */
export function layOut(bands, width, height, ratio = 1) {
  /** @param {number} css */
  const px = (css) => Math.round(css * ratio);
  const total = bands.reduce((sum, band) => sum + band.count, 0);
  const digits = Math.max(0, ...bands.map(({ first, count }) => String(first + count).length));
  const margin = px(Math.max(MARGIN, Math.ceil(digits * DIGIT) + 8));
  const room = px(width) - margin - 2;
  const labelled = bands.length * LABEL < height / 2;
  const between = (labelled ? LABEL : 0) + BELOW;
  let columns = 1;
  let cell = 0;
  for (let across = 8; across === 8 || (across <= room && across < 2 * total); across *= 2) {
    const rows = bands.reduce((sum, band) => sum + rowsOf(band, across), 0);
    const wide = Math.max(1, Math.floor(room / across));
    const tall = Math.floor(px(height - ABOVE - bands.length * between) / rows);
    const fits = Math.min(px(WIDEST_CELL), wide, Math.max(px(LOWEST_CELL), tall));
    if (fits >= cell) [cell, columns] = [fits, across];
  }
  let y = px(ABOVE);
  const laid = bands.map((band) => {
    const rows = rowsOf(band, columns);
    const top = y + (labelled ? px(LABEL) : 0);
    y = top + rows * cell + px(BELOW);
    return { ...band, lead: band.start % columns, rows, top };
  });
  const needed = margin + columns * cell + 2;
  const wide = Math.max(px(width), needed); // a label may be longer
  return { bands: laid, columns, cell, labelled, margin, width: wide, height: y };
}

/**
 * Left and upper edge of a cell of a band.
 * @param {Layout} layout
 * @param {LaidBand} band
 * @param {number} index
 */
export function cellPlace({ columns, cell, margin }, band, index) {
  const at = index - band.start + band.lead;
  return [margin + (at % columns) * cell, band.top + Math.floor(at / columns) * cell];
}

/**
 * The cell at a place, or null.
 * @param {Layout} layout
 * @param {number} x
 * @param {number} y
 */
export function cellAt({ bands, columns, cell, margin }, x, y) {
  const column = Math.floor((x - margin) / cell);
  if (column < 0 || column >= columns) return null;
  for (const { start, count, lead, top } of bands) {
    const index = start - lead + Math.floor((y - top) / cell) * columns + column;
    if (y >= top && index >= start && index < start + count) return index;
  }
  return null;
}

/**
 * The upper edge of a cell of any band; 0 if there is no such cell.
 * @param {Layout} layout
 * @param {number} index
 */
export function cellTop(layout, index) {
  const band = layout.bands.find((b) => index >= b.start && index < b.start + b.count);
  return band ? cellPlace(layout, band, index)[1] : 0;
}
