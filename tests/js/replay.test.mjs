// The browser's replay and text of every golden trace, held against what Python said of it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { makeLit, stepPages } from "../../balloonkit/lab/js/pages.js";
import { makeReplay } from "../../balloonkit/lab/js/replay.js";
import { textTwin } from "../../balloonkit/lab/js/twin.js";
import { GOLDEN } from "./golden.mjs";

/** @import { Range, State } from "../../balloonkit/lab/js/types" */

/** @param {Uint8Array} values */
function runLengths(values) {
  /** @type {[value: number, length: number][]} */
  const runs = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last?.[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return runs;
}

/** @param {any} of @param {string[]} names */
const values = (of, names) => of && names.map((name) => of[name]);

// In the way of tests/trace/golden.py.
/** @param {State} state */
const canonical = (state) =>
  JSON.stringify([
    runLengths(state.pages),
    state.lists,
    state.stock,
    values(state.bitmap, ["base", "bits", "count", "max"]),
    runLengths(state.bits),
    state.entries.map((entry, i) => [state.indices[i], ...entry]),
    values(state.message, ["queue", "hex", "bytes", "desc", "avail", "used"]),
    runLengths(state.host),
    state.reject,
    state.counters,
    values(state.outside, ["pages", "lists", "stock", "bits", "entries", "host"]),
  ]);
/** @param {string} text */
const digest = (text) => createHash("sha256").update(text).digest("hex").slice(0, 12);

test("there are golden traces", () => assert.ok(Object.keys(GOLDEN).length >= 10));

for (const [name, { trace, labels, states, texts }] of Object.entries(GOLDEN)) {
  const stateAt = makeReplay(trace);
  const all = states.map((_, k) => k - 1); // the start is -1

  test(`${name}: forwards, backwards and by leaps, the states are Python's`, () => {
    assert.equal(states.length, trace.steps.length + 1);
    const leaps = all.map((step) => (((step + 1) * 37) % states.length) - 1);
    for (const step of [...all, ...all.slice().reverse(), ...leaps])
      assert.equal(digest(canonical(stateAt(step))), states[step + 1], `step ${step}`);
  });

  test(`${name}: the text of each step is Python's`, () => {
    for (const step of all)
      assert.equal(
        digest(textTwin(trace, labels, step, stateAt(step))),
        texts[step + 1],
        `step ${step}`,
      );
  });

  test(`${name}: every step lights what it is about, in whole numbers`, () => {
    for (const step of all) {
      const ranges = stepPages(trace, step, stateAt(step));
      for (const [base, pages] of ranges)
        assert.ok(
          Number.isInteger(base) && Number.isInteger(pages) && pages > 0,
          `step ${step}: ${base}, ${pages}`,
        );
    }
  });
}

test("light touches exactly the pages in its ranges", () => {
  /** @type {Range[]} */
  const ranges = [
    [40, 5],
    [3, 2],
    [5, 1],
    [100, 1],
    [42, 10],
  ];
  const lit = new Set(
    ranges.flatMap(([base, pages]) => Array.from({ length: pages }, (_, i) => base + i)),
  );
  const { touches } = makeLit(ranges);
  for (let base = 0; base < 110; base++)
    for (const pages of [0, 1, 4]) {
      const expected = Array.from({ length: pages }, (_, i) => base + i).some((pfn) =>
        lit.has(pfn),
      );
      assert.equal(touches({ base, pages }), expected, `${base}, ${pages}`);
    }
  assert.equal(makeLit([]).touches({ base: 0, pages: 9 }), false);
});

test("every kind of step happens in a pane", async () => {
  const { HOME } = await import("../../balloonkit/lab/js/player_panes.js");
  for (const { trace } of Object.values(GOLDEN))
    for (const kind of Object.keys(trace.stages)) assert.ok(HOME[kind], kind);
});
