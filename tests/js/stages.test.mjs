// From stage to stage: the strip's runs, and the step each key and mark leads to.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nextStage, ofStage, previousStage, stageRuns } from "../../balloonkit/lab/js/stages.js";

const stages = { take: "allocate", chunk: "send", send: "send", release: "release" };
const kinds = ["take", "take", "chunk", "send", "release", "send", "take"];
const runs = stageRuns({ stages, steps: kinds.map((kind) => ({ kind })) });

test("steps of one stage that follow each other are one run", () => {
  assert.deepEqual(
    runs.map(({ stage, first, last }) => [stage, first, last]),
    [
      ["allocate", 0, 1],
      ["send", 2, 3],
      ["release", 4, 4],
      ["send", 5, 5],
      ["allocate", 6, 6],
    ],
  );
});

test("the next stage begins after the step, and the last run stays the last", () => {
  assert.deepEqual(
    [-1, 0, 1, 2, 4, 6].map((step) => nextStage(runs, step)),
    [0, 2, 2, 4, 5, 6],
  );
});

test("back goes to where the stage began, then to the stage before, then to the start", () => {
  assert.deepEqual(
    [6, 4, 3, 2, 0, -1].map((step) => previousStage(runs, step)),
    [5, 2, 2, 0, -1, -1],
  );
});

test("a stage's mark goes round its runs, and stays where there is none", () => {
  assert.deepEqual(
    [-1, 2, 5].map((step) => ofStage(runs, "send", step)),
    [2, 5, 2],
  );
  assert.equal(ofStage(runs, "translate", 3), 3);
});
