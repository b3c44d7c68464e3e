// @ts-check
// Replay: from a trace to the state at a step. Pure functions, no page needed.

import { shownPages } from "./pages.js";

/** @import { How, OutsideChange, Outside, Range, State, Step, Trace } from "./types" */

const SNAPSHOT_EVERY = 32; // stepping back replays at most this many steps

/** @param {[value: number, length: number][]} runLengths */
function expand(runLengths) {
  const values = new Uint8Array(runLengths.reduce((sum, [, length]) => sum + length, 0));
  let at = 0;
  for (const [value, length] of runLengths) values.fill(value, at, (at += length));
  return values;
}

/** @param {Trace} trace @returns {State} */
function startState(trace) {
  const { initial } = trace;
  return {
    pages: expand(initial.pages),
    firstPfn: shownPages(trace)[0],
    host: expand(initial.host), // 1 resident, 0 released
    firstHostPage: trace.regions[0]?.[2] ?? 0,
    bitmap: null, // as last laid
    bits: new Uint8Array(0), // those past the guest's last page stay clear and are left out
    firstBit: 0,
    lists: initial.lists.map((zone) => zone.slice()),
    stock: initial.stock.slice(),
    entries: [],
    indices: [], // place in the message of each of them
    sent: [], // what the buffer held when it was last emptied
    sentIndices: [],
    message: null,
    reject: [], // [entry or null, reason, detail] of the last message
    ranges: [],
    counters: trace.counters.map(() => 0),
    outside: structuredClone(initial.outside ?? null), // what a window leaves out, counted
  };
}

/** Lists within are never changed, only replaced, so that copies may share them.
 * @param {State} state
 * @returns {State} */
const cloneState = (state) => ({
  ...state,
  pages: state.pages.slice(),
  host: state.host.slice(),
  bits: state.bits.slice(),
  lists: state.lists.map((zone) => zone.slice()),
  stock: state.stock.slice(),
  entries: state.entries.slice(),
  indices: state.indices.slice(),
  outside: structuredClone(state.outside),
});

/**
 * A list without `gone`, with `heads` put before it one after the other, and `tails` after it.
 * @param {number[]} list
 * @param {{ gone?: number[], heads?: number[], tails?: number[] }} change
 */
function changedList(list, { gone = [], heads = [], tails = [] }) {
  const left = new Set(gone);
  const kept = gone.length ? list.filter((pfn) => !left.has(pfn)) : list;
  return [...heads.slice().reverse(), ...kept, ...tails];
}

/** @type {Record<How, "gone" | "heads" | "tails">} */
const HOW = { "-": "gone", "+": "heads", t: "tails" };

/**
 * @param {number[][][]} lists
 * @param {NonNullable<Step["lists"]>} changes
 */
function applyLists(lists, changes) {
  /** @type {Map<number, { zone: number, order: number, gone: number[], heads: number[], tails: number[] }>} */
  const byList = new Map();
  for (const [how, zone, order, base] of changes) {
    const key = zone * 64 + order;
    const change = byList.get(key) ?? { zone, order, gone: [], heads: [], tails: [] };
    byList.set(key, change);
    change[HOW[how]].push(base);
  }
  for (const { zone, order, ...change } of byList.values())
    lists[zone][order] = changedList(lists[zone][order], change);
}

/** @param {State} state @param {number} index @param {Range} entry */
function setEntry({ entries, indices }, index, entry) {
  let at = indices.length;
  while (at > 0 && indices[at - 1] >= index) at--;
  const known = indices[at] === index ? 1 : 0;
  entries.splice(at, known, entry);
  indices.splice(at, known, index);
}

/** @param {Outside} outside @param {OutsideChange} change */
function applyOutside(outside, { lists = [], stock = [], ...rest }) {
  for (const [zone, order, blocks] of lists) outside.lists[zone][order] = blocks;
  for (const [zone, pages] of stock) outside.stock[zone] = pages;
  Object.assign(outside, rest);
}

/** @param {State} state @param {Step} step */
function applyStep(state, step) {
  if (step.lists) applyLists(state.lists, step.lists);
  for (const [how, zone, pages] of step.stock ?? [])
    state.stock[zone] = changedList(state.stock[zone], { [HOW[how]]: pages });
  const pfn = state.firstPfn;
  const hostPage = state.firstHostPage;
  for (const [base, pages, code] of step.state ?? [])
    state.pages.fill(code, base - pfn, base - pfn + pages);
  if (step.bitmap) {
    const { base, bits, count } = (state.bitmap = step.bitmap);
    state.firstBit = Math.max(pfn - base, 0);
    const inReach = pfn + state.pages.length - base;
    state.bits = new Uint8Array(Math.max(Math.min(bits * count, inReach) - state.firstBit, 0));
  }
  for (const [bit, length] of step.bits ?? [])
    state.bits.fill(1, bit - state.firstBit, bit - state.firstBit + length);
  if (step.clear) {
    [state.sent, state.sentIndices] = [state.entries, state.indices];
    [state.entries, state.indices] = [[], []];
  }
  for (const [index, base, size] of step.entries ?? []) setEntry(state, index, [base, size]);
  for (const [base, pages, resident] of step.host ?? [])
    state.host.fill(resident, base - hostPage, base - hostPage + pages);
  if (["send", "messages", "reset"].includes(step.kind)) state.reject = [];
  if (step.reject) state.reject = [...state.reject, ...step.reject];
  if (step.message !== undefined) state.message = step.message;
  if (step.counters) state.counters = step.counters;
  if (step.outside && state.outside) applyOutside(state.outside, step.outside);
  state.ranges = step.ranges ?? [];
}

/**
 * stateAt(step) for every step; -1 is the state before the first.
 * @param {Trace} trace
 */
export function makeReplay(trace) {
  const state = startState(trace);
  const snapshots = [cloneState(state)]; // snapshots[k]: before step k * SNAPSHOT_EVERY
  trace.steps.forEach((step, k) => {
    applyStep(state, step);
    if ((k + 1) % SNAPSHOT_EVERY === 0) snapshots.push(cloneState(state));
  });
  return (/** @type {number} */ step) => {
    const k = Math.floor((step + 1) / SNAPSHOT_EVERY);
    const wanted = cloneState(snapshots[k]);
    for (let i = k * SNAPSHOT_EVERY; i <= step; i++) applyStep(wanted, trace.steps[i]);
    return wanted;
  };
}
