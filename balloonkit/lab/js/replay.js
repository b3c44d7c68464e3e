// (1) Replay: from a trace to the state at a step. Pure functions, no page needed.

const SNAPSHOT_EVERY = 32; // stepping back replays at most this many steps

/** The first PFN, and how many, that a trace shows: all of them, or a window. */
export const shownPages = (trace) => trace.window ?? [0, trace.span];

function expand(runLengths) {
  const values = new Uint8Array(runLengths.reduce((sum, [, length]) => sum + length, 0));
  let at = 0;
  for (const [code, length] of runLengths) values.fill(code, at, (at += length));
  return values;
}

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

// Lists within are never changed, only replaced, so that copies may share them.
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

/** A list without `gone`, with `heads` put before it one after the other, and `tails` after it. */
function changedList(list, { gone = [], heads = [], tails = [] }) {
  const left = new Set(gone);
  const kept = gone.length ? list.filter((pfn) => !left.has(pfn)) : list;
  return [...heads.slice().reverse(), ...kept, ...tails];
}

const HOW = { "-": "gone", "+": "heads", t: "tails" };

function applyLists(lists, changes) {
  const byList = new Map();
  for (const [how, zone, order, base] of changes) {
    const key = zone * 64 + order;
    if (!byList.has(key)) byList.set(key, { zone, order, gone: [], heads: [], tails: [] });
    byList.get(key)[HOW[how]].push(base);
  }
  for (const { zone, order, ...change } of byList.values())
    lists[zone][order] = changedList(lists[zone][order], change);
}

function setEntry({ entries, indices }, index, entry) {
  let at = indices.length;
  while (at > 0 && indices[at - 1] >= index) at--;
  const known = indices[at] === index ? 1 : 0;
  entries.splice(at, known, entry);
  indices.splice(at, known, index);
}

function applyOutside(outside, { lists = [], stock = [], ...rest }) {
  for (const [zone, order, blocks] of lists) outside.lists[zone][order] = blocks;
  for (const [zone, pages] of stock) outside.stock[zone] = pages;
  Object.assign(outside, rest);
}

function applyStep(state, step) {
  if (step.lists) applyLists(state.lists, step.lists);
  for (const [how, zone, pages] of step.stock ?? [])
    state.stock[zone] = changedList(state.stock[zone], { [HOW[how]]: pages });
  const pfn = state.firstPfn, hostPage = state.firstHostPage;
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
  if ("message" in step) state.message = step.message;
  if (step.counters) state.counters = step.counters;
  if (step.outside) applyOutside(state.outside, step.outside);
  state.ranges = step.ranges ?? [];
}

/** stateAt(step) for every step; -1 is the state before the first. */
export function makeReplay(trace) {
  const state = startState(trace);
  const snapshots = [cloneState(state)]; // snapshots[k]: before step k * SNAPSHOT_EVERY
  trace.steps.forEach((step, k) => {
    applyStep(state, step);
    if ((k + 1) % SNAPSHOT_EVERY === 0) snapshots.push(cloneState(state));
  });
  return (step) => {
    const k = Math.floor((step + 1) / SNAPSHOT_EVERY);
    const wanted = cloneState(snapshots[k]);
    for (let i = k * SNAPSHOT_EVERY; i <= step; i++) applyStep(wanted, trace.steps[i]);
    return wanted;
  };
}

/** Host ranges [base, pages] behind a range of guest pages: a region edge splits it. */
export function toHost(trace, base, pages) {
  const from = base * trace.scale, to = from + pages * trace.scale;
  return trace.regions.flatMap(([gpa, length, host]) => {
    const low = Math.max(from, gpa), high = Math.min(to, gpa + length);
    return low < high ? [[host + low - gpa, high - low]] : [];
  });
}

/** The guest page (PFN) that a host page backs, or null. */
export function toGuest(trace, hostPage) {
  for (const [gpa, length, host] of trace.regions)
    if (hostPage >= host && hostPage < host + length)
      return Math.floor((gpa + hostPage - host) / trace.scale);
  return null;
}

/** The pages [base, pages] of the guest that an entry in 4 KiB balloon pages touches. */
export function entryPages(trace, base, size) {
  const first = Math.floor(base / trace.scale);
  return [first, Math.ceil((base + size) / trace.scale) - first];
}

/** The ranges [base, pages] of guest pages that step k is about, as finely as its changes tell. */
export function stepPages(trace, k, state) {
  const { base, pages, ...step } = trace.steps[k] ?? {};
  const inGuest = ([gpa, length]) => entryPages(trace, gpa, length);
  const inBuffer = step.clear ? state.sent : state.entries;
  if (step.state) return step.state.map(([first, length]) => [first, length]);
  if (step.bits) return step.bits.map(([bit, length]) => [bit + state.bitmap.base, length]);
  if (step.entries) return step.entries.map(([, ...entry]) => inGuest(entry));
  if (step.ranges) return step.ranges.map(inGuest);
  if (step.host)
    return step.host.map(([host, length]) => {
      const first = toGuest(trace, host);
      return [first, toGuest(trace, host + length - 1) - first + 1];
    });
  if (step.reject) {
    const refused = refusedEntries(state);
    return inBuffer.filter((_, i) => refused.has(state.indices[i])).map(inGuest);
  }
  if (step.message) return inBuffer.map(inGuest);
  return pages ? [[base, pages]] : [];
}

/** Why entries of the message shown were refused, by their place in it; null for the whole of it. */
export function refusedEntries({ reject, entries, message }) {
  const filling = entries.length > 0 && message?.used === message?.avail; // it is the next one's
  return new Map(filling ? [] : reject.map(([entry, reason, detail]) => [entry, { reason, detail }]));
}

/** Ranges of guest pages to light, with a quick answer to whether a piece is among them. */
export function makeLit(ranges) {
  const joined = []; // [first, end], ascending, none touching the next
  for (const [base, pages] of ranges.slice().sort(([a], [b]) => a - b)) {
    const last = joined.at(-1);
    if (last && base <= last[1]) last[1] = Math.max(last[1], base + pages);
    else joined.push([base, base + pages]);
  }
  function touches({ base, pages }) {
    let low = 0, high = joined.length; // the first range that ends past `base`
    while (low < high) {
      const middle = (low + high) >> 1;
      if (joined[middle][1] > base) high = middle;
      else low = middle + 1;
    }
    return pages > 0 && low < joined.length && joined[low][0] < base + pages;
  }
  return { ranges, touches };
}

const WORD_BYTES = { chunks: 8, classic: 4 }; // what a format of its own means is not known here

/** The words of a message: {offset, hex, what, value}, and the pages {base, pages} each is about. */
export function messageWords(trace, hex) {
  const length = WORD_BYTES[trace.format] ?? 8;
  const words = [];
  for (let at = 0; at * 2 < hex.length; at += length) {
    const bytes = hex.slice(at * 2, (at + length) * 2).match(/../g);
    const number = BigInt("0x" + bytes.slice().reverse().join(""));
    const k = at / length, word = { offset: at, hex: bytes.join(" "), base: 0, pages: 0 };
    if (trace.format === "classic") Object.assign(word, { what: "PFN", value: Number(number) });
    else if (trace.format !== "chunks") Object.assign(word, { what: "", value: "" });
    else if (k === 0) Object.assign(word, { what: "count", value: Number(number) });
    else Object.assign(word, { what: k % 2 ? "base" : "size", value: Number(number >> 12n) });
    words.push(word);
  }
  words.forEach((word, k) => {
    if (!["PFN", "base", "size"].includes(word.what)) return;
    const [base, size] = word.what === "PFN" ? [word, { value: 1 }]
      : word.what === "base" ? [word, words[k + 1]] : [words[k - 1], word];
    [word.base, word.pages] = entryPages(trace, base.value, size?.value ?? 1);
  });
  return words;
}

/** The 64 bits of value << 12 in two lines of 32: [high, value part of low, 12 reserved bits]. */
export function spellBits(value) {
  const bits = (BigInt(value) << 12n).toString(2).padStart(64, "0").match(/.{4}/g);
  return [bits.slice(0, 8).join(" "), bits.slice(8, 13).join(" "), bits.slice(13).join(" ")];
}

/** Reads "31" or "seed=7 ... step=31"; returns {step} or {error}. */
export function readCode(trace, text) {
  const match = /^(?:(.*?)\s*step=)?(-?\d+|start)$/.exec(text.trim());
  if (!match) return { error: `"${text}": type a step number, or a code that ends in step=31` };
  if (match[1] && match[1] !== trace.code)
    return { error: `That code is of another run (${match[1]}); this one is ${trace.code || "nameless"}` };
  const step = match[2] === "start" ? -1 : Number(match[2]);
  const last = trace.steps.length - 1;
  if (step < -1 || step > last) return { error: `Step ${step}: this run has steps 0 to ${last}` };
  return { step };
}

export const writeCode = (trace, step) =>
  `${trace.code ?? ""} step=${step < 0 ? "start" : step}`.trim();
