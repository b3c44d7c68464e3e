// What the player says and reads: codes of states, what is pointed at, runs, homes of steps.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readCode, writeCode } from "../../balloonkit/lab/js/code.js";
import { describe } from "../../balloonkit/lab/js/describe.js";
import { escapeText } from "../../balloonkit/lab/js/dom.js";
import { runsOf } from "../../balloonkit/lab/js/twin.js";
import { GOLDEN } from "./golden.mjs";

const { trace } = GOLDEN.chunks;

test("every code that is written is read again", () => {
  for (let step = -1; step < trace.steps.length; step++)
    assert.deepEqual(readCode(trace, ` ${writeCode(trace, step)} `), { step });
  assert.deepEqual(readCode(trace, "7"), { step: 7 });
});

test("a code that cannot be meant says the bad value and what would do", () => {
  const last = trace.steps.length - 1;
  assert.deepEqual(readCode(trace, "seven"), {
    error: '"seven": type a step number, or a code that ends in step=31',
  });
  for (const step of [-2, last + 1])
    assert.deepEqual(readCode(trace, `${step}`), {
      error: `Step ${step}: this run has steps 0 to ${last}`,
    });
  assert.match(
    readCode(trace, "seed=8 step=1").error ?? "",
    /another run \(seed=8\).*golden=chunks/,
  );
});

const guest = {
  steps: [{ base: 9, pages: 2 }],
  page_kib: 4,
  scale: 1,
  regions: [[0, 8, 100], [8, 8, 300]], // prettier-ignore
};
const looks = { pages: ["no RAM", "in use", "free", "in the balloon"].map((label) => ({ label })) };
const pages = Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? 2 : 3));
/** @type {(ranges: [number, number][], trace?: object) => string} */
const say = (ranges, more = {}) =>
  describe(/** @type {any} */ ({ ...guest, ...more }), /** @type {any} */ (looks), 0, { pages, firstPfn: 0 }, ranges, "this step"); // prettier-ignore

test("a place is said with its pages, their states, its address and the host's pages", () => {
  assert.equal(
    say([[7, 2]]),
    "this step · PFN 7–8 · free and in the balloon · GPA 0x7000 · host page 107, host page 300",
  );
  assert.equal(say([[20, 1]]), "this step · PFN 20 · no such page · GPA 0x14000 · no host page");
});

test("several places are counted, none is a hint, and a place outside a window is named", () => {
  assert.equal(say([[1, 2], [5, 1]]), "this step · 3 pages in 2 ranges"); // prettier-ignore
  assert.match(say([]), /^Point at any piece/);
  assert.equal(
    say([], { window: [0, 8] }),
    "PFN 9–10: what this step changes is outside this window.",
  );
});

test("runs join what is equal, and give back what they were made of", () => {
  assert.deepEqual(runsOf(Uint8Array.of(2, 2, 3)), [[0, 2, 2], [2, 1, 3]]); // prettier-ignore
  assert.deepEqual(runsOf(new Uint8Array()), []);
});

test("text cannot end the HTML around it", () => {
  assert.equal(escapeText('<b>&"'), "&#60;b&#62;&#38;&#34;");
});
