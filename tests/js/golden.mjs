// The golden traces, by name.

import { readdirSync, readFileSync } from "node:fs";

/** @import { Labels, Trace } from "../../balloonkit/lab/js/types" */
/** @typedef {{ trace: Trace, labels: Labels, states: string[], texts: string[] }} Golden */

const folder = new URL("../trace/golden/", import.meta.url);
/** @type {Record<string, Golden>} */
export const GOLDEN = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => [name.slice(0, -5), JSON.parse(readFileSync(new URL(name, folder), "utf8"))]),
);
