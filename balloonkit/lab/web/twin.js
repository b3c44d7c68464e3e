// (2d) A step in plain text, word for word as twin.py says it: to be read aloud, searched, copied.

const MOST_LINES = 24; // lines a pane may take before the rest is counted instead of listed

const shortened = (lines) => lines.length <= MOST_LINES ? lines
  : [...lines.slice(0, MOST_LINES - 1), `  and ${lines.length - MOST_LINES + 1} more`];
const moreThan = (list, n, what = "") => (list.length > n ? ` and ${list.length - n} more${what}` : "");
const hexOf = (number, digits) => "0x" + number.toString(16).padStart(digits, "0");
const right = (value, width) => String(value).padStart(width);

/** [first index, length, value] of each run. */
function runsOf(values) {
  const runs = [];
  for (let i = 0; i < values.length; i += runs.at(-1)[1]) {
    let end = i + 1;
    while (end < values.length && values[end] === values[i]) end++;
    runs.push([i, end - i, values[i]]);
  }
  return runs;
}

function freeListLines(trace, { lists }) {
  return trace.zones.flatMap(([zone], z) => lists[z].flatMap((blocks, order) => {
    if (!blocks.length) return [];
    const bases = blocks.slice(0, 16).join(" ") + moreThan(blocks, 16);
    return [`  ${zone.padEnd(8)} order ${right(order, 2)}  ${right(blocks.length, 4)} free: ${bases}`];
  }));
}

const mapLines = (values, looks, unit) => runsOf(values).map(([first, n, value]) =>
  `  ${unit} ${right(first, 6)} to ${String(first + n - 1).padEnd(6)} ${right(n, 6)} pages  `
    + looks[value].label);

function bitmapLines(trace, { bitmap, bits }) {
  const lines = trace.format === "classic"
    ? ["  none: the classic path puts every PFN straight into the message"] : [];
  for (let start = 0; bitmap && start < bits.length; start += bitmap.bits) {
    const ones = runsOf(bits.subarray(start, start + bitmap.bits)).filter(([, , value]) => value)
      .map(([first, n]) => (n === 1 ? `${first}` : `${first}-${first + n - 1}`));
    const text = (ones.slice(0, 12).join(" ") || "none") + moreThan(ones, 12, " runs");
    lines.push(`  bitmap ${start / bitmap.bits} (bit 0 is PFN ${bitmap.base + start}) bits set: ${text}`);
  }
  return lines;
}

const entryLines = (trace, { entries }) => entries.map(([base, size], index) => {
  if (trace.format !== "chunks") return `  PFN ${right(index, 4)}  ${base}  ${hexOf(base, 8)}`;
  const [baseWord, sizeWord] = [base, size].map((value) => hexOf(BigInt(value) << 12n, 16));
  return `  chunk ${right(index, 4)}  (${base}, ${size})  base ${baseWord}  size ${sizeWord}`;
});

function messageLines({ message }) {
  if (!message) return [];
  const bytes = message.hex.match(/../g) ?? [];
  const lines = [`  descriptor ${message.desc}, avail idx ${message.avail}, used idx ${message.used}, `
    + `${message.bytes} bytes, the first ${bytes.length}:`];
  for (let at = 0; at < bytes.length; at += 16)
    lines.push(`  ${at.toString(16).padStart(4, "0")}  ${bytes.slice(at, at + 16).join(" ")}`);
  return lines;
}

export function textTwin(trace, palette, step, state) {
  const range = `(0 to ${trace.steps.length - 1})`, { kind, why } = trace.steps[step] ?? {};
  const now = step < 0 ? `step=start ${range}` : `step=${step} ${range}, ${kind}: ${why}`;
  const panes = {
    "Free lists (first PFN of each free block, head first)": freeListLines(trace, state),
    "Guest memory": mapLines(state.pages, palette.pages, "PFN"),
    "Page bitmaps": bitmapLines(trace, state),
    "Message buffer": entryLines(trace, state),
    Virtqueue: messageLines(state),
    "Host memory": mapLines(state.host, palette.host, "host page"),
    Counters: state.counters.map(
      (value, i) => `${right(trace.counters[i], 14)} ${value.toLocaleString("en")}`),
  };
  const lines = [trace.title, `${trace.code ?? ""} ${now}`.trim()];
  for (const [title, body] of Object.entries(panes))
    lines.push("", title, ...shortened(body.length ? body : ["  none"]));
  return lines.join("\n");
}
