// @ts-check
// The cells of a page map: how their states mix, and what one is in words.

/** @import { MapSpec } from "./types" */

/** The three parts of #RRGGBB.
 * @param {string} text */
const partsOf = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

/**
 * How much of a cell is in each state, 1 is all of it.
 * @param {Pick<MapSpec, "rows" | "columns" | "looks" | "shares">} spec
 * @param {number} cell
 */
export function sharesOf({ rows, columns, looks, shares }, cell) {
  const cells = rows * columns;
  return looks.map((_, state) => shares.getUint8(state * cells + cell) / 255);
}

/**
 * Red, green, blue and opacity of all cells, each the mix of its states' colours. State 0, no RAM,
 * stays empty: the page shows through.
 * @param {Pick<MapSpec, "rows" | "columns" | "looks" | "shares" | "lit" | "lit_weight">} spec
 */
export function mixCells({ rows, columns, looks, shares, lit, lit_weight: litWeight }) {
  const cells = rows * columns;
  const mixed = new Float32Array(cells * 4); // red, green, blue, and the sum of shares
  for (let state = 1; state < looks.length; state++) {
    const colour = partsOf(looks[state].colour);
    const least = lit.includes(state) ? litWeight * 255 : 0;
    for (let cell = 0; cell < cells; cell++) {
      const share = shares.getUint8(state * cells + cell);
      if (!share) continue;
      const weight = Math.max(share, least);
      for (let part = 0; part < 3; part++) mixed[cell * 4 + part] += weight * colour[part];
      mixed[cell * 4 + 3] += weight;
    }
  }
  const pixels = new Uint8ClampedArray(cells * 4);
  for (let at = 0; at < cells * 4; at += 4) {
    const sum = mixed[at + 3];
    for (let part = 0; part < 3; part++) pixels[at + part] = mixed[at + part] / sum;
    pixels[at + 3] = sum;
  }
  return pixels;
}

/**
 * A cell's pages, address and states.
 * @param {MapSpec} spec
 * @param {number} cell
 */
export function cellText(spec, cell) {
  const pages = spec.pages_per_cell;
  const first = spec.first_pfn + cell * pages;
  const last = first + pages - 1;
  const [from, to] = [first, last].map((pfn) => pfn.toLocaleString("en"));
  const shares = sharesOf(spec, cell);
  const parts = spec.looks.flatMap(({ label }, state) => {
    if (!shares[state]) return [];
    return [pages === 1 ? label : `${label} ${Math.round(shares[state] * 100) || "under 1"} %`];
  });
  const address = "0x" + (first * spec.page_bytes).toString(16);
  return `PFN ${pages === 1 ? from : `${from} to ${to}`}, address ${address}: ${parts.join(", ")}`;
}
