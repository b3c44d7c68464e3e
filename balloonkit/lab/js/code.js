// @ts-check
// The code of a state: which run, which step.

/** @import { Trace } from "./types" */

/**
 * Reads "31" or "seed=7 ... step=31".
 * @param {Trace} trace
 * @param {string} text
 * @returns {{ step: number, error?: undefined } | { error: string }}
 */
export function readCode(trace, text) {
  const match = /^(?:(.*?)\s*step=)?(-?\d+|start)$/.exec(text.trim());
  if (!match) return { error: `"${text}": type a step number, or a code that ends in step=31` };
  if (match[1] && match[1] !== trace.code)
    return {
      error: `That code is of another run (${match[1]}); this one is ${trace.code || "nameless"}`,
    };
  const step = match[2] === "start" ? -1 : Number(match[2]);
  const last = trace.steps.length - 1;
  if (step < -1 || step > last) return { error: `Step ${step}: this run has steps 0 to ${last}` };
  return { step };
}

/**
 * The code `readCode` reads.
 * @param {Trace} trace
 * @param {number} step
 */
export const writeCode = (trace, step) =>
  `${trace.code ?? ""} step=${step < 0 ? "start" : step}`.trim();
