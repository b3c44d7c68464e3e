// @ts-check
// Which pages: of the guest and of the host, those a step is about, those that are lit.

/** @import { Lit, Range, State, Trace } from "./types" */

/** Bytes of a balloon page, in which entries and host pages are counted (the specification's). */
export const BALLOON_PAGE_BYTES = 4096;

/**
 * The first PFN, and how many, that a trace shows: all of them, or a window.
 * @param {Trace} trace
 * @returns {Range}
 */
export const shownPages = (trace) => trace.window ?? [0, trace.span];

/**
 * Host ranges behind a range of guest pages: a region edge splits it.
 * @param {Trace} trace
 * @param {number} base
 * @param {number} pages
 * @returns {Range[]}
 */
export function toHost(trace, base, pages) {
  const from = base * trace.scale;
  const to = from + pages * trace.scale;
  return trace.regions.flatMap(([gpa, length, host]) => {
    const low = Math.max(from, gpa);
    const high = Math.min(to, gpa + length);
    return low < high ? [/** @type {Range} */ ([host + low - gpa, high - low])] : [];
  });
}

/**
 * The guest page (PFN) that a host page backs, or null.
 * @param {Trace} trace
 * @param {number} hostPage
 */
export function toGuest(trace, hostPage) {
  for (const [gpa, length, host] of trace.regions)
    if (hostPage >= host && hostPage < host + length)
      return Math.floor((gpa + hostPage - host) / trace.scale);
  return null;
}

/**
 * The pages of the guest that an entry in 4 KiB balloon pages touches.
 * @param {Trace} trace
 * @param {number} base
 * @param {number} size
 * @returns {Range}
 */
export function entryPages(trace, base, size) {
  const first = Math.floor(base / trace.scale);
  return [first, Math.ceil((base + size) / trace.scale) - first];
}

/**
 * The ranges of guest pages that step k is about, as finely as its changes tell.
 * @param {Trace} trace
 * @param {number} k
 * @param {State} state
 * @returns {Range[]}
 */
export function stepPages(trace, k, state) {
  const step = trace.steps[k];
  if (!step) return [];
  /** @param {number} gpa @param {number} length */
  const inGuest = (gpa, length) => entryPages(trace, gpa, length);
  const inBuffer = step.clear ? state.sent : state.entries;
  if (step.state) return step.state.map(([first, length]) => [first, length]);
  if (step.bits) {
    const first = state.bitmap?.base ?? 0; // bits are set in a bitmap that was laid
    return step.bits.map(([bit, length]) => [bit + first, length]);
  }
  if (step.entries) return step.entries.map(([, base, size]) => inGuest(base, size));
  if (step.ranges) return step.ranges.map(([gpa, length]) => inGuest(gpa, length));
  if (step.host)
    return step.host.flatMap(([host, length]) => {
      const first = toGuest(trace, host);
      const last = toGuest(trace, host + length - 1);
      return first === null || last === null
        ? []
        : [/** @type {Range} */ ([first, last - first + 1])];
    });
  if (step.reject) {
    const refused = refusedEntries(state);
    return inBuffer
      .filter((_, i) => refused.has(state.indices[i]))
      .map(([base, size]) => inGuest(base, size));
  }
  if (step.message) return inBuffer.map(([base, size]) => inGuest(base, size));
  return step.pages ? [[step.base, step.pages]] : [];
}

/**
 * Why entries of the message shown were refused, by their place in it; null for the whole of it.
 * @param {Pick<State, "reject" | "entries" | "message">} state
 * @returns {Map<number | null, { reason: string, detail: string }>}
 */
export function refusedEntries({ reject, entries, message }) {
  const filling = entries.length > 0 && message?.used === message?.avail; // it is the next one's
  return new Map(
    filling ? [] : reject.map(([entry, reason, detail]) => [entry, { reason, detail }]),
  );
}

/**
 * Ranges of guest pages to light, with a quick answer to whether a piece is among them.
 * @param {Range[]} ranges
 * @returns {Lit}
 */
export function makeLit(ranges) {
  /** @type {[first: number, end: number][]} ascending, none touching the next */
  const joined = [];
  for (const [base, pages] of ranges.slice().sort(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last && base <= last[1]) last[1] = Math.max(last[1], base + pages);
    else joined.push([base, base + pages]);
  }
  /** @param {{ base: number, pages: number }} piece */
  function touches({ base, pages }) {
    let low = 0;
    let high = joined.length; // the first range that ends past `base`
    while (low < high) {
      const middle = (low + high) >> 1;
      if (joined[middle][1] > base) high = middle;
      else low = middle + 1;
    }
    return pages > 0 && low < joined.length && joined[low][0] < base + pages;
  }
  return { ranges, touches };
}
