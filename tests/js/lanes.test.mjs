// The race's lanes: what is done at a moment, as Python finds it by walking message by message.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  milestonesOf,
  progressAt,
  ringsBetween,
  stagesOf,
  totalOf,
} from "../../balloonkit/lab/js/lane_schedule.js";

/** @import { Lane, Progress } from "../../balloonkit/lab/js/lane_schedule.js" */
/** @typedef {{ first_ring_s: number, last_ring_s: number, ends_s: number[] }} Milestones */
/**
 * @typedef {object} Case
 * @property {Lane} lane
 * @property {number} percent
 * @property {Milestones} milestones
 * @property {{ clock_s: number, is: Progress }[]} moments
 */

const path = new URL("../lab/lessons/the_race/golden/lanes.json", import.meta.url);
/** @type {Case[]} */
const CASES = JSON.parse(readFileSync(path, "utf8"));
const NS = 1e-9;

/** @param {number} found @param {number} expected */
const near = (found, expected) =>
  assert.ok(Math.abs(found - expected) < NS, `${found} for ${expected}`);

for (const { lane, percent, milestones, moments } of CASES) {
  const name = `${lane.path}, a bell at ${percent} %`;

  for (const { clock_s, is } of moments)
    test(`${name}: at ${clock_s} s`, () => {
      const { spent_s, allocated, released, ...found } = progressAt(lane, percent, clock_s);
      spent_s.forEach((s, stage) => near(s, is.spent_s[stage]));
      // Sums of 7168 rounds differ in their last bits, so a page may be on either side.
      const page = 1;
      assert.ok(Math.abs(allocated - is.allocated) <= page, `${allocated} for ${is.allocated}`);
      assert.ok(Math.abs(released - is.released) <= page, `${released} for ${is.released}`);
      const { stage, kicks, sent } = is;
      assert.deepEqual(found, { stage, kicks, sent });
    });

  test(`${name}: first and last ring, and the end of each stage`, () => {
    const found = milestonesOf(lane, percent);
    near(found.first_ring_s, milestones.first_ring_s);
    near(found.last_ring_s, milestones.last_ring_s);
    found.ends_s.forEach((end, stage) => near(end, milestones.ends_s[stage]));
    near(totalOf(lane, percent), milestones.ends_s[3]);
  });

  test(`${name}: frames of any length ring each bell once, in order`, () => {
    const total = totalOf(lane, percent);
    for (const frames of [1, 7, 250]) {
      const rings = Array.from({ length: frames }, (_, k) => {
        const [from, to] = [(total * k) / frames, (total * (k + 1)) / frames];
        return ringsBetween(lane, percent, from || -1, to);
      }).flat();
      assert.equal(rings.length, lane.messages);
      assert.deepEqual(
        rings.toSorted((a, b) => a - b),
        rings,
      );
    }
  });

  test(`${name}: what is done never becomes less, and time is all in the stages`, () => {
    const total = totalOf(lane, percent);
    let before = progressAt(lane, percent, 0);
    for (let k = 1; k <= 999; k++) {
      const clock = (total * k) / 999;
      const now = progressAt(lane, percent, clock);
      near(
        now.spent_s.reduce((sum, s) => sum + s, 0),
        Math.min(clock, total),
      );
      for (const what of /** @type {const} */ (["kicks", "allocated", "sent", "released"]))
        assert.ok(now[what] >= before[what], `${what} at ${clock}`);
      assert.ok(now.allocated >= now.sent && now.sent >= now.released);
      before = now;
    }
    assert.equal(before.stage, null);
  });
}

test("a bell that costs more makes the send stage longer, and no other", () => {
  const { lane } = CASES[0];
  const [silent, dear] = [0, 200].map((percent) => stagesOf(lane, percent));
  near(dear[1] - silent[1], lane.messages * lane.kick_s * 2);
  assert.deepEqual(dear.toSpliced(1, 1), silent.toSpliced(1, 1));
});
