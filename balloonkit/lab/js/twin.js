// (2f) A step in plain text, word for word as twin.py says it: to be read aloud, searched, copied.

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

const inFull = (number) => number.toLocaleString("en");

function named(pfns, elsewhere) {
  const parts = pfns.length ? [pfns.slice(0, 16).join(" ")] : [];
  if (pfns.length > 16) parts.push(`${pfns.length - 16} more`);
  if (elsewhere) parts.push(`${inFull(elsewhere)} outside this window`);
  return parts.join(" and ");
}

function freeListLines(trace, { lists, stock, outside }) {
  const line = (zone, what, pfns, elsewhere, unit) => (pfns.length || elsewhere
    ? [`  ${zone.padEnd(8)} ${what}  ${right(pfns.length + elsewhere, 4)} ${unit}: `
      + named(pfns, elsewhere)]
    : []);
  return trace.zones.flatMap(([zone], z) => [
    ...lists[z].flatMap((blocks, order) =>
      line(zone, `order ${right(order, 2)}`, blocks, outside?.lists[z][order] ?? 0, "free")),
    ...line(zone, "stock   ", stock[z], outside?.stock[z] ?? 0, "pages"),
  ]);
}

function mapLines(values, base, looks, unit, outside) {
  const counts = outside?.map((n, value) => `${inFull(n)} ${looks[value].label}`).join(", ");
  const lines = outside ? [`  outside this window: ${counts}`] : [];
  for (const [at, n, value] of runsOf(values)) {
    const first = base + at, last = String(first + n - 1);
    lines.push(`  ${unit} ${right(first, 6)} to ${last.padEnd(6)} ${right(n, 6)} pages  `
      + looks[value].label);
  }
  return lines;
}

function bitmapLines(trace, { bitmap, bits, firstBit, outside }) {
  const lines = trace.format === "classic"
    ? ["  none: the classic path puts every PFN straight into the message"] : [];
  if (!bitmap) return lines;
  if (outside) lines.push(`  outside this window: ${inFull(outside.bits)} bits set`);
  const end = firstBit + bits.length, each = bitmap.bits;
  for (let start = Math.floor(firstBit / each) * each; start < end; start += each) {
    const low = Math.max(start, firstBit);
    const ones = runsOf(bits.subarray(low - firstBit, start + each - firstBit))
      .filter(([, , value]) => value)
      .map(([at, n]) => [at + low - start, n])
      .map(([first, n]) => (n === 1 ? `${first}` : `${first}-${first + n - 1}`));
    const text = (ones.slice(0, 12).join(" ") || "none") + moreThan(ones, 12, " runs");
    lines.push(`  bitmap ${start / each} (bit 0 is PFN ${bitmap.base + start}) bits set: ${text}`);
  }
  return lines;
}

function entryLines(trace, { entries, indices, outside }) {
  const many = outside?.entries ?? 0;
  const lines = many ? [`  outside this window: ${inFull(many)} of its entries`] : [];
  entries.forEach(([base, size], i) => {
    const index = right(indices[i], 4), pair = `(${base}, ${size})`;
    if (trace.format === "classic") lines.push(`  PFN ${index}  ${base}  ${hexOf(base, 8)}`);
    else if (trace.format === "chunks") {
      const [baseWord, sizeWord] = [base, size].map((value) => hexOf(BigInt(value) << 12n, 16));
      lines.push(`  chunk ${index}  ${pair}  base ${baseWord}  size ${sizeWord}`);
    } else lines.push(`  ${trace.entry} ${index}  ${pair}`);
  });
  return lines;
}

function messageLines({ message, reject }) {
  const lines = reject.map(([entry, reason, detail]) =>
    `  refused: ${entry === null ? "the whole message" : `entry ${entry}`}, ${detail}: ${reason}`);
  if (!message) return lines;
  const bytes = message.hex.match(/../g) ?? [];
  lines.push(`  descriptor ${message.desc}, avail idx ${message.avail}, used idx ${message.used}, `
    + `${message.bytes} bytes, the first ${bytes.length}:`);
  for (let at = 0; at < bytes.length; at += 16)
    lines.push(`  ${at.toString(16).padStart(4, "0")}  ${bytes.slice(at, at + 16).join(" ")}`);
  return lines;
}

export function textTwin(trace, palette, step, state) {
  const range = `(0 to ${trace.steps.length - 1})`, { kind, why } = trace.steps[step] ?? {};
  const now = step < 0 ? `step=start ${range}` : `step=${step} ${range}, ${kind}: ${why}`;
  const panes = {
    "Free lists (first PFN of each free block, head first)": freeListLines(trace, state),
    "Guest memory":
      mapLines(state.pages, state.firstPfn, palette.pages, "PFN", state.outside?.pages),
    "Page bitmaps": bitmapLines(trace, state),
    "Message buffer": entryLines(trace, state),
    Virtqueue: messageLines(state),
    "Host memory":
      mapLines(state.host, state.firstHostPage, palette.host, "host page", state.outside?.host),
    Counters: state.counters.map(
      (value, i) => `${right(trace.counters[i], 14)} ${inFull(value)}`),
  };
  const lines = [trace.title, `${trace.code ?? ""} ${now}`.trim()];
  for (const [title, body] of Object.entries(panes))
    lines.push("", title, ...shortened(body.length ? body : ["  none"]));
  return lines.join("\n");
}
