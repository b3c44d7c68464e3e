// @ts-check
// The six panes in the order of the pipeline, from free list to host page.

import { makeFreeListPane } from "./free_list_pane.js";
import { makeBitmapPane, makeHostPane, makeMapPane } from "./memory_panes.js";
import { makeBufferPane, makeMessagePane } from "./wire_panes.js";

/** @import { Palette, Trace } from "./types" */

/** The pane a kind of step happens in.
 * @type {Record<string, string>} */
export const HOME = Object.fromEntries(
  Object.entries({
    lists: ["split", "refill", "puff", "back", "merge", "free", "drain"],
    map: ["take"],
    bits: ["round", "mark", "run"],
    entries: ["chunk", "pfn"],
    message: ["send", "pop", "ack", "messages", "reset", "refuse"],
    host: ["translate", "release", "wait", "give back", "touch"],
  }).flatMap(([pane, kinds]) => kinds.map((kind) => [kind, pane])),
);

/** @param {Trace} trace @param {Palette} palette */
export const makePanes = (trace, palette) => [
  makeFreeListPane(trace, palette),
  makeMapPane(trace, palette),
  makeBitmapPane(trace, palette),
  makeBufferPane(trace),
  makeMessagePane(trace),
  makeHostPane(trace, palette),
];
