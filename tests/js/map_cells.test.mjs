// The cells of a page map: their colours, and what they say.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cellText, mixCells, sharesOf } from "../../balloonkit/lab/js/map_cells.js";

/** @import { Look, MapSpec } from "../../balloonkit/lab/js/types" */

/** @param {string} label @param {string} colour @returns {Look} */
const look = (label, colour) => ({
  label,
  colour,
  ink: "#000000",
  letter: label[0],
  mark: "",
  dotted: false,
  empty: false,
});

/**
 * A map of one row.
 * @param {number[][]} shares  of each state and cell, 255 is all
 * @param {Partial<MapSpec>} more
 * @returns {MapSpec}
 */
const mapOf = (shares, more = {}) => ({
  kind: "map",
  title: "A map",
  scale: "",
  shape: "wide",
  looks: [look("no RAM", "#ffffff"), look("free", "#0000ff"), look("balloon", "#ff0000")],
  lit: [],
  lit_weight: 8,
  shares: new DataView(Uint8Array.from(shares.flat()).buffer),
  totals: [],
  rows: 1,
  columns: shares[0].length,
  first_pfn: 1024,
  pages_per_cell: 4,
  page_bytes: 4096,
  ticks: [],
  bands: [],
  frames: [],
  letters: false,
  marked: false,
  picks: "",
  ...more,
});

test("a cell of one state has its colour, one without RAM none", () => {
  const pixels = mixCells(mapOf([[0, 0, 255], [255, 0, 0], [0, 255, 0]])); // prettier-ignore
  assert.deepEqual([...pixels.slice(0, 8)], [0, 0, 255, 255, 255, 0, 0, 255]);
  assert.equal(pixels[11], 0);
});

test("a cell of two states has both colours by their shares", () => {
  const [red, green, blue, opacity] = mixCells(mapOf([[0], [204], [51]]));
  assert.deepEqual([red, green, blue, opacity], [51, 0, 204, 255]);
});

test("a cell part of which has no RAM lets the page through by that part", () => {
  assert.deepEqual([...mixCells(mapOf([[127], [0], [128]]))], [255, 0, 0, 128]);
});

test("a state that is lit outweighs the rest, however few pages have it", () => {
  const spec = mapOf([[0], [254], [1]], { lit: [2] });
  const [red, , blue] = mixCells(spec);
  assert.ok(red > 220 && blue < 35, `${red} red, ${blue} blue`);
  const [faint] = mixCells({ ...spec, lit: [] });
  assert.ok(faint < 3, `${faint} red without light`);
});

test("a cell says its pages, its address and each state it has", () => {
  const spec = mapOf([[0, 0], [255, 254], [0, 1]]); // prettier-ignore
  assert.equal(cellText(spec, 0), "PFN 1,024 to 1,027, address 0x400000: free 100 %");
  assert.equal(
    cellText(spec, 1),
    "PFN 1,028 to 1,031, address 0x404000: free 100 %, balloon under 1 %",
  );
  assert.deepEqual(sharesOf(spec, 0), [0, 1, 0]);
});

test("a cell of one page says its state without a share", () => {
  const spec = mapOf([[0], [0], [255]], { pages_per_cell: 1 });
  assert.equal(cellText(spec, 0), "PFN 1,024, address 0x400000: balloon");
});
