// @ts-check
// A step in plain text, word for word as Python says it: to be read aloud, searched, copied.

/** @import { Labels, State, TextLimits, Trace } from "./types" */

/** @param {string[]} lines @param {number} most */
const shortened = (lines, most) =>
  lines.length <= most
    ? lines
    : [...lines.slice(0, most - 1), `  and ${lines.length - most + 1} more`];
/** @param {number | bigint} number @param {number} digits */
const hexOf = (number, digits) => "0x" + number.toString(16).padStart(digits, "0");
/** @param {number | string} value @param {number} width */
const right = (value, width) => String(value).padStart(width);
/** @param {number} number */
const inFull = (number) => number.toLocaleString("en");

/**
 * First index, length and value of each run.
 * @param {Uint8Array} values
 */
export function runsOf(values) {
  /** @type {[first: number, length: number, value: number][]} */
  const runs = [];
  for (let i = 0, end; i < values.length; i = end) {
    for (end = i + 1; end < values.length && values[end] === values[i];) end++;
    runs.push([i, end - i, values[i]]);
  }
  return runs;
}

/** @param {number[]} pfns @param {number} elsewhere @param {number} most */
function named(pfns, elsewhere, most) {
  const parts = pfns.length ? [pfns.slice(0, most).join(" ")] : [];
  if (pfns.length > most) parts.push(`${pfns.length - most} more`);
  if (elsewhere) parts.push(`${inFull(elsewhere)} outside this window`);
  return parts.join(" and ");
}

/** @param {Trace} trace @param {State} state @param {TextLimits} limits */
function freeListLines(trace, { lists, stock, outside }, limits) {
  /** @type {(zone: string, what: string, pfns: number[], elsewhere: number, unit: string) => string[]} */
  const line = (zone, what, pfns, elsewhere, unit) =>
    pfns.length || elsewhere
      ? [
          `  ${zone.padEnd(8)} ${what}  ${right(pfns.length + elsewhere, 4)} ${unit}: ` +
            named(pfns, elsewhere, limits.pfns),
        ]
      : [];
  return trace.zones.flatMap(([zone], z) => [
    ...lists[z].flatMap((blocks, order) =>
      line(zone, `order ${right(order, 2)}`, blocks, outside?.lists[z][order] ?? 0, "free"),
    ),
    ...line(zone, "stock   ", stock[z], outside?.stock[z] ?? 0, "pages"),
  ]);
}

/**
 * @param {Uint8Array} values
 * @param {number} base
 * @param {{ label: string }[]} looks
 * @param {string} unit
 * @param {number[]} [outside]
 */
function mapLines(values, base, looks, unit, outside) {
  const counts = outside?.map((n, value) => `${inFull(n)} ${looks[value].label}`).join(", ");
  const lines = outside ? [`  outside this window: ${counts}`] : [];
  for (const [at, n, value] of runsOf(values)) {
    const first = base + at;
    const last = String(first + n - 1).padEnd(6);
    const pages = `${right(n, 6)} pages`;
    lines.push(`  ${unit} ${right(first, 6)} to ${last} ${pages}  ${looks[value].label}`);
  }
  return lines;
}

/** @param {Trace} trace @param {State} state @param {TextLimits} limits */
function bitmapLines(trace, { bitmap, bits, firstBit, outside }, limits) {
  const lines =
    trace.format === "classic"
      ? ["  none: the classic path puts every PFN straight into the message"]
      : [];
  if (!bitmap) return lines;
  if (outside) lines.push(`  outside this window: ${inFull(outside.bits)} bits set`);
  const end = firstBit + bits.length;
  const each = bitmap.bits;
  for (let start = Math.floor(firstBit / each) * each; start < end; start += each) {
    const low = Math.max(start, firstBit);
    const ones = runsOf(bits.subarray(low - firstBit, start + each - firstBit))
      .filter(([, , value]) => value)
      .map(([at, n]) => [at + low - start, n])
      .map(([first, n]) => (n === 1 ? `${first}` : `${first}-${first + n - 1}`));
    const left = ones.length - limits.runs;
    const more = left > 0 ? ` and ${left} more runs` : "";
    const text = ones.slice(0, limits.runs).join(" ") || "none";
    const which = `bitmap ${start / each} (bit 0 is PFN ${bitmap.base + start})`;
    lines.push(`  ${which} bits set: ${text}${more}`);
  }
  return lines;
}

/** @param {Trace} trace @param {State} state */
function entryLines(trace, { entries, indices, outside }) {
  const many = outside?.entries ?? 0;
  const lines = many ? [`  outside this window: ${inFull(many)} of its entries`] : [];
  entries.forEach(([base, size], i) => {
    const index = right(indices[i], 4);
    const pair = `(${base}, ${size})`;
    if (trace.format === "classic") lines.push(`  PFN ${index}  ${base}  ${hexOf(base, 8)}`);
    else if (trace.format === "chunks") {
      const [baseWord, sizeWord] = [base, size].map((value) => hexOf(BigInt(value) << 12n, 16));
      lines.push(`  chunk ${index}  ${pair}  base ${baseWord}  size ${sizeWord}`);
    } else lines.push(`  ${trace.entry} ${index}  ${pair}`);
  });
  return lines;
}

/** @param {State} state */
function messageLines({ message, reject }) {
  const lines = reject.map(
    ([entry, reason, detail]) =>
      `  refused: ${entry === null ? "the whole message" : `entry ${entry}`}, ${detail}: ${reason}`,
  );
  if (!message) return lines;
  const bytes = message.hex.match(/../g) ?? [];
  lines.push(
    `  descriptor ${message.desc}, avail idx ${message.avail}, used idx ${message.used}, ` +
      `${message.bytes} bytes, the first ${bytes.length}:`,
  );
  for (let at = 0; at < bytes.length; at += 16)
    lines.push(`  ${at.toString(16).padStart(4, "0")}  ${bytes.slice(at, at + 16).join(" ")}`);
  return lines;
}

/**
 * Every pane of a step as text.
 * @param {Trace} trace
 * @param {Labels} labels
 * @param {number} step
 * @param {State} state
 */
export function textTwin(trace, labels, step, state) {
  const { limits } = labels;
  const range = `(0 to ${trace.steps.length - 1})`;
  const { kind, why } = trace.steps[step] ?? {};
  const now = step < 0 ? `step=start ${range}` : `step=${step} ${range}, ${kind}: ${why}`;
  const { pages, firstPfn, host, firstHostPage, outside } = state;
  const panes = {
    "Free lists (first PFN of each free block, head first)": freeListLines(trace, state, limits),
    "Guest memory": mapLines(pages, firstPfn, labels.pages, "PFN", outside?.pages),
    "Page bitmaps": bitmapLines(trace, state, limits),
    "Message buffer": entryLines(trace, state),
    Virtqueue: messageLines(state),
    "Host memory": mapLines(host, firstHostPage, labels.host, "host page", outside?.host),
    Counters: state.counters.map((value, i) => `${right(trace.counters[i], 14)} ${inFull(value)}`),
  };
  const lines = [trace.title, `${trace.code ?? ""} ${now}`.trim()];
  for (const [title, body] of Object.entries(panes))
    lines.push("", title, ...shortened(body.length ? body : ["  none"], limits.lines));
  return lines.join("\n");
}
