// The grid's geometry: every cell has a place of its own, in sight, and is found there again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cellAt, cellPlace, cellTop, layOut } from "../../balloonkit/lab/js/grid_layout.js";

/** Bands of so many cells each, one behind the other. @param {number[]} counts */
function bandsOf(...counts) {
  let start = 0;
  return counts.map((count, k) => {
    const band = { start, count, label: `band ${k}`, short: k, first: start };
    start += count;
    return band;
  });
}

/** Sizes from one cell to a window of a real guest, in boxes from a phone's to a wide page's. */
const CASES = [[1], [64], [16, 48], [3, 5, 7], [4096], [1000, 3096], Array(20).fill(33), [2047, 1]]
  .flatMap((counts) => [150, 280, 400, 900].map((width) => ({ counts, width })))
  .flatMap((each) => [1, 1.5, 2].map((ratio) => ({ ...each, ratio })));
const HEIGHT = 140;

/** A case in words, laid out. @param {typeof CASES[number]} which */
function laidOut({ counts, width, ratio }) {
  const laid = layOut(bandsOf(...counts), width, HEIGHT, ratio);
  return { laid, name: `${counts} cells in ${width} pixels times ${ratio}` };
}

test("each cell is found again at its place, on the canvas, and none overlaps another", () => {
  for (const which of CASES) {
    const { laid, name } = laidOut(which);
    const places = new Set();
    let cells = 0;
    for (const band of laid.bands)
      for (let index = band.start; index < band.start + band.count; index++, cells++) {
        const [x, y] = cellPlace(laid, band, index);
        places.add(`${x} ${y}`);
        const middle = laid.cell / 2;
        assert.equal(cellAt(laid, x + middle, y + middle), index, name);
        assert.equal(cellTop(laid, index), y, name);
        assert.ok(x >= laid.margin && x + laid.cell <= laid.width, `${name}: ${index} is cut off`);
        assert.ok(y + laid.cell <= laid.height, `${name}: ${index} is below the canvas`);
      }
    assert.equal(places.size, cells, name);
  }
});

test("rows begin at multiples of a power of two, so PFNs are read off the axis", () => {
  for (const which of CASES) {
    const { laid, name } = laidOut(which);
    assert.equal(Math.log2(laid.columns) % 1, 0, name);
    for (const band of laid.bands) {
      const [x] = cellPlace(laid, band, band.start);
      assert.equal((x - laid.margin) / laid.cell, band.start % laid.columns, name);
    }
  }
});

test("beside the cells there is nothing", () => {
  const laid = layOut(bandsOf(10, 10), 300, HEIGHT);
  const [first, second] = laid.bands;
  assert.equal(cellAt(laid, laid.margin - 1, first.top + 1), null);
  assert.equal(cellAt(laid, laid.margin + laid.columns * laid.cell, first.top + 1), null);
  assert.equal(cellAt(laid, laid.margin + 1, second.top - 2), null);
  assert.equal(cellAt(laid, laid.margin + 1, laid.height), null);
  assert.equal(cellTop(laid, 20), 0);
});

test("many bands lose their labels, few keep them", () => {
  assert.equal(layOut(bandsOf(16, 16), 300, HEIGHT).labelled, true);
  assert.equal(layOut(bandsOf(...Array(9).fill(16)), 300, HEIGHT).labelled, false);
});

test("no band is a layout too, as before the first bitmap is laid", () => {
  const laid = layOut([], 300, HEIGHT);
  assert.deepEqual(laid.bands, []);
  assert.ok(Number.isFinite(laid.cell) && Number.isFinite(laid.height));
  assert.equal(cellAt(laid, 100, 20), null);
});
