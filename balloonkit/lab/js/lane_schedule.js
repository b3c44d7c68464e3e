// @ts-check
// What is done in a lane when the clock shows t: pure numbers, the same as `lanes.py` has.

/** @import { Look } from "./types" */
/**
 * A competitor, as `RaceLane.spec` in Python sends it.
 * @typedef {object} Lane
 * @property {string} path
 * @property {number} pages
 * @property {number} messages  one round each: allocate, send, translate, release
 * @property {number[]} silent_s  seconds of each stage when a bell costs nothing
 * @property {number} kick_s  what a bell costs at 100 %
 * @property {string} source  which of its figures were published
 * @property {Look} look
 */
/**
 * @typedef {object} Progress
 * @property {number | null} stage  0 allocate, 1 send, 2 translate, 3 release; null when done
 * @property {number} kicks  rung so far
 * @property {number} allocated  pages the guest has taken
 * @property {number} sent  pages of the messages rung for
 * @property {number} released  pages the host has released
 * @property {number[]} spent_s  seconds in each stage so far
 */

const SEND = 1;

/** Seconds of each stage when a bell costs so much of its price.
 * @param {Lane} lane @param {number} percent */
export const stagesOf = (lane, percent) =>
  lane.silent_s.map((s, stage) =>
    stage === SEND ? s + (lane.messages * lane.kick_s * percent) / 100 : s,
  );

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** When a lane is done.
 * @param {Lane} lane @param {number} percent */
export const totalOf = (lane, percent) => sum(stagesOf(lane, percent));

/**
 * Where each stage begins in a round, and where the round ends.
 * @param {Lane} lane
 * @param {number} percent
 */
function roundOf(lane, percent) {
  const starts = [0];
  for (const s of stagesOf(lane, percent))
    starts.push(starts[starts.length - 1] + s / lane.messages);
  return { starts, length: starts[starts.length - 1], ring: starts[SEND] };
}

/**
 * What is done when the clock shows `clock` seconds.
 * @param {Lane} lane
 * @param {number} percent
 * @param {number} clock
 * @returns {Progress}
 */
export function progressAt(lane, percent, clock) {
  const { pages, messages } = lane;
  const stages = stagesOf(lane, percent);
  if (clock >= sum(stages))
    return {
      stage: null,
      kicks: messages,
      allocated: pages,
      sent: pages,
      released: pages,
      spent_s: stages,
    };
  const { starts, length } = roundOf(lane, percent);
  const over = Math.min(Math.floor(clock / length), messages - 1);
  const within = clock - over * length;
  /** Seconds of this round in a stage. @param {number} stage */
  const inStage = (stage) =>
    Math.min(Math.max(within - starts[stage], 0), starts[stage + 1] - starts[stage]);
  const each = pages / messages;
  /** Pages through a stage. @param {number} stage */
  const through = (stage) => {
    const whole = starts[stage + 1] - starts[stage];
    return over * each + Math.floor(whole ? (each * inStage(stage)) / whole : 0);
  };
  const kicks = over + (within >= starts[SEND] ? 1 : 0);
  return {
    stage: starts.findLastIndex((start, stage) => stage < stages.length && within >= start),
    kicks,
    allocated: through(0),
    sent: kicks * each,
    released: through(3),
    spent_s: stages.map((s, stage) => (s / messages) * over + inStage(stage)),
  };
}

/**
 * When the bell rings after `from`, up to and with `to`.
 * @param {Lane} lane
 * @param {number} percent
 * @param {number} from
 * @param {number} to
 */
export function ringsBetween(lane, percent, from, to) {
  const { length, ring } = roundOf(lane, percent);
  const first = Math.max(Math.floor((from - ring) / length) + 1, 0);
  const last = Math.min(Math.floor((to - ring) / length), lane.messages - 1);
  /** @type {number[]} */
  const times = [];
  for (let k = first; k <= last; k++) times.push(ring + k * length);
  return times;
}

/**
 * The lane's own moments: first ring, last ring, the end of each stage.
 * @param {Lane} lane
 * @param {number} percent
 */
export function milestonesOf(lane, percent) {
  const { starts, length, ring } = roundOf(lane, percent);
  const before = length * (lane.messages - 1);
  return {
    first_ring_s: ring,
    last_ring_s: before + ring,
    ends_s: starts.slice(1).map((end) => before + end),
  };
}
