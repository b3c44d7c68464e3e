// @ts-check
// What surrounds the panes: title, buttons, stages, scrubber, counters.

import { escapeText } from "./dom.js";
import { marksHtml, stripHtml } from "./stages.js";

/** @import { Look, Trace } from "./types" */
/** @import { Run } from "./stages.js" */

const ICONS = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  previous: "M10 2.5 11.5 4l-4 4 4 4-1.5 1.5L4.5 8z",
  play: "M4 3v10l9-5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  next: "M6 2.5 4.5 4l4 4-4 4L6 13.5 11.5 8z",
  last: "M11 3h2v10h-2zM3 3v10l7-5z",
  previousStage: "M8 3v10L2 8zM14 3v10L8 8z",
  nextStage: "M2 3v10l6-5zM8 3v10l6-5z",
};
/** @param {keyof typeof ICONS} name */
export const icon = (name) =>
  `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;

const SPEEDS = [1, 2, 4, 8, 16, 32]; // steps per second

/** @param {Trace} trace @param {Run[]} runs @param {Record<string, Look>} stages */
export function frameHtml(trace, runs, stages) {
  const last = trace.steps.length - 1;
  /** @param {keyof typeof ICONS} name @param {string} label */
  const button = (name, label) =>
    `<button type="button" data-do="${name}" aria-label="${label}" title="${label}">${icon(name)}</button>`;
  const speeds = SPEEDS.map(
    (s) => `<option value="${s}" ${s === 4 ? "selected" : ""}>${s}/s</option>`,
  );
  const counters = trace.counters
    .map((name) => `<span>${escapeText(name.replaceAll("_", " "))}<b>0</b></span>`)
    .join("");
  return `
    <header><h3>${escapeText(trace.title)}</h3><p class="bk-note" role="status"></p>
      <span class="bk-at"></span>
      <div class="bk-tools"><select aria-label="Speed" title="Speed of play">${speeds.join("")}</select>
        <input type="text" placeholder="step or code" size="11" title="Jump to"
          aria-label="Jump to a step number or a state code; press Enter">
        <button type="button" data-do="copy" title="Copy the code of this state">Copy code</button>
      </div></header>
    <div class="bk-controls">
      <div class="bk-buttons" role="group" aria-label="Steps">
        ${button("first", "Back to the start (Home)")}${button("previous", "Previous step (left arrow)")}
        ${button("play", "Play (space)")}${button("next", "Next step (right arrow)")}
        ${button("last", "Last step (End)")}
      </div>
      <div class="bk-buttons bk-stages" role="group" aria-label="Stages">
        ${button("previousStage", "Previous stage (page up)")}${marksHtml(runs, stages)}
        ${button("nextStage", "Next stage (page down)")}
      </div>
      <div class="bk-track">${stripHtml(runs, stages, last + 1)}
        <input type="range" min="-1" max="${last}" step="1" value="-1" aria-label="Step"></div>
    </div>
    <p class="bk-why" aria-live="polite"></p>
    <p class="bk-readout" aria-live="off"></p>
    <div class="bk-panes"></div>
    <div class="bk-counters" role="group" aria-label="Counters">${counters}</div>
    <details class="bk-twin"><summary>This step as text</summary>
      <pre tabindex="0" role="region" aria-label="This step as text"></pre></details>`;
}
