// (1) Replay: from a trace to the state at a step. Pure functions, no page needed.

const SNAPSHOT_EVERY = 32; // stepping back replays at most this many steps

const hostPages = (trace) => Math.max(0, ...trace.regions.map(([, pages, host]) => host + pages));

function startState(trace) {
  const pages = new Uint8Array(trace.span);
  let at = 0;
  for (const [code, length] of trace.initial.pages) pages.fill(code, at, (at += length));
  const host = new Uint8Array(hostPages(trace));
  for (const [, length, base] of trace.regions) host.fill(1, base, base + length);
  return {
    pages,
    host,
    bitmap: null, // as last laid
    bits: new Uint8Array(0), // those past the guest's last page stay clear and are left out
    lists: trace.initial.lists.map((zone) => zone.map((blocks) => blocks.slice())),
    entries: [],
    sent: [], // what the buffer held when it was last emptied
    message: null,
    ranges: [],
    counters: trace.counters.map(() => 0),
  };
}

const cloneState = (state) => ({
  ...state,
  pages: state.pages.slice(),
  host: state.host.slice(),
  bits: state.bits.slice(),
  lists: state.lists.map((zone) => zone.map((blocks) => blocks.slice())),
  entries: state.entries.slice(),
});

function applyStep(state, step) {
  for (const [how, zone, order, base] of step.lists ?? []) {
    const blocks = state.lists[zone][order];
    if (how === "-") blocks.splice(blocks.indexOf(base), 1);
    else if (how === "+") blocks.unshift(base);
    else blocks.push(base);
  }
  for (const [base, pages, code] of step.state ?? []) state.pages.fill(code, base, base + pages);
  if (step.bitmap) {
    const { base, bits, count } = (state.bitmap = step.bitmap);
    state.bits = new Uint8Array(Math.min(bits * count, state.pages.length - base));
  }
  for (const [bit, length] of step.bits ?? []) state.bits.fill(1, bit, bit + length);
  if (step.clear) [state.sent, state.entries] = [state.entries, []];
  for (const [index, base, size] of step.entries ?? []) state.entries[index] = [base, size];
  for (const [base, pages, resident] of step.host ?? [])
    state.host.fill(resident, base, base + pages);
  if (step.message) state.message = step.message;
  if (step.counters) state.counters = step.counters;
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
  if (step.state) return step.state;
  if (step.bits) return step.bits.map(([bit, length]) => [bit + state.bitmap.base, length]);
  if (step.entries) return step.entries.map(([, ...entry]) => inGuest(entry));
  if (step.ranges) return step.ranges.map(inGuest);
  if (step.host)
    return step.host.map(([host, length]) => {
      const first = toGuest(trace, host);
      return [first, toGuest(trace, host + length - 1) - first + 1];
    });
  if (step.message) return (step.clear ? state.sent : state.entries).map(inGuest);
  return pages ? [[base, pages]] : [];
}

/** Ranges of guest pages to light, with a quick answer to whether a piece is among them. */
export function makeLit(trace, ranges) {
  const before = new Uint32Array(trace.span + 1); // lit pages below each PFN
  for (const [base, pages] of ranges) before.fill(1, base + 1, base + pages + 1);
  for (let i = 1; i < before.length; i++) before[i] += before[i - 1];
  const below = (pfn) => before[Math.max(0, Math.min(trace.span, pfn))];
  return { ranges, touches: ({ base, pages }) => below(base + pages) > below(base) };
}

/** The words of a message: {offset, hex, what, value}, and the pages {base, pages} each is about. */
export function messageWords(trace, hex) {
  const length = trace.format === "chunks" ? 8 : 4;
  const words = [];
  for (let at = 0; at * 2 < hex.length; at += length) {
    const bytes = hex.slice(at * 2, (at + length) * 2).match(/../g);
    const number = BigInt("0x" + bytes.slice().reverse().join(""));
    const k = at / length, word = { offset: at, hex: bytes.join(" "), base: 0, pages: 0 };
    if (length === 4) Object.assign(word, { what: "PFN", value: Number(number) });
    else if (k === 0) Object.assign(word, { what: "count", value: Number(number) });
    else Object.assign(word, { what: k % 2 ? "base" : "size", value: Number(number >> 12n) });
    words.push(word);
  }
  words.forEach((word, k) => {
    if (word.what === "count") return;
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
