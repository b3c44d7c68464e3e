// @ts-check
// The four stages: steps grouped by them, marks to go by, and a strip above the scrubber.

/** @import { Look, Step, Trace } from "./types" */
/** @typedef {{ stage: string, first: number, last: number }} Run */

/**
 * Steps of one stage that follow each other.
 * @param {{ stages: Trace["stages"], steps: Pick<Step, "kind">[] }} trace
 */
export function stageRuns(trace) {
  /** @type {Run[]} */
  const runs = [];
  trace.steps.forEach(({ kind }, k) => {
    const stage = trace.stages[kind];
    const run = runs.at(-1);
    if (run?.stage === stage) run.last = k;
    else runs.push({ stage, first: k, last: k });
  });
  return runs;
}

/**
 * The step a run begins with, after `step`; the last step if there is no other run.
 * @param {Run[]} runs
 * @param {number} step
 */
export function nextStage(runs, step) {
  return runs.find(({ first }) => first > step)?.first ?? runs.at(-1)?.last ?? step;
}

/**
 * The step the run begins with that `step` is in, or, from its first step, the one before it.
 * @param {Run[]} runs
 * @param {number} step
 */
export function previousStage(runs, step) {
  return runs.findLast(({ first }) => first < step)?.first ?? -1;
}

/**
 * The step the next run of a stage begins with; after the last one, the first.
 * @param {Run[]} runs
 * @param {string} stage
 * @param {number} step
 */
export function ofStage(runs, stage, step) {
  const those = runs.filter((run) => run.stage === stage);
  return (those.find(({ first }) => first > step) ?? those[0])?.first ?? step;
}

/**
 * A lane for each stage, a mark in it for each run of its steps; drawn over `steps` + 1 places.
 * @param {Run[]} runs
 * @param {Record<string, Look>} stages
 * @param {number} steps
 */
export function stripHtml(runs, stages, steps) {
  const names = Object.keys(stages);
  const marks = runs.map(
    ({ stage, first, last }) =>
      `<rect x="${first + 0.5}" y="${names.indexOf(stage)}" width="${last - first + 1}" height="0.8"` +
      ` fill="${stages[stage].colour}"/>`,
  );
  return `<svg class="bk-strip" viewBox="0 0 ${steps} ${names.length}" preserveAspectRatio="none"
    aria-hidden="true">${marks.join("")}</svg>`;
}

/**
 * A button for each stage the run has.
 * @param {Run[]} runs
 * @param {Record<string, Look>} stages
 */
export function marksHtml(runs, stages) {
  const there = new Set(runs.map(({ stage }) => stage));
  return Object.entries(stages)
    .map(([stage, { label, colour }]) => {
      const what = `Stage ${label}: go to where it begins next`;
      return `<button type="button" data-stage="${stage}" aria-label="${what}" title="${what}"
      ${there.has(stage) ? "" : "disabled"}><i style="background:${colour}"></i>${label}</button>`;
    })
    .join("");
}
