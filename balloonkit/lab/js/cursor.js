// @ts-check
// One cursor over all panes. The clock is here; the kernel is never told.

import { readCode, writeCode } from "./code.js";
import { describe } from "./describe.js";
import { element as make, escapeText, find, watch } from "./dom.js";
import { frameHtml, icon } from "./frame.js";
import { makeLit, stepPages } from "./pages.js";
import { ROW } from "./pane_kinds.js";
import { HOME, makePanes } from "./player_panes.js";
import { makeReplay } from "./replay.js";
import { nextStage, ofStage, previousStage, stageRuns } from "./stages.js";
import { textTwin } from "./twin.js";

/** @import { Palette, Pane, Range, Trace } from "./types" */

const TYPING = "input[type=text], select";
/** What each key does.
 * @type {Record<string, string>} */
const KEYS = {
  ArrowLeft: "previous",
  ArrowRight: "next",
  Home: "first",
  End: "last",
  " ": "play",
  PageUp: "previousStage",
  PageDown: "nextStage",
};

/**
 * A player in `element`; returns what moves it and what ends it.
 * @param {HTMLElement} element
 * @param {{ trace: Trace, palette: Palette }} data
 * @param {number} startAt
 */
export function makePlayer(element, { trace, palette }, startAt) {
  const root = make("div", "", { class: "bk-player", tabindex: -1 });
  root.style.setProperty("--bk-row", `${ROW}px`);
  const runs = stageRuns(trace);
  root.innerHTML = frameHtml(trace, runs, palette.stages);
  /** @param {string} selector */
  const $ = (selector) => find(root, selector);
  const scrubber = /** @type {HTMLInputElement} */ ($("input[type=range]"));
  const jump = /** @type {HTMLInputElement} */ ($("input[type=text]"));
  const speed = /** @type {HTMLSelectElement} */ ($("select"));
  const twin = /** @type {HTMLDetailsElement} */ ($(".bk-twin"));
  const [text, at, why, note] = [$(".bk-twin pre"), $(".bk-at"), $(".bk-why"), $(".bk-note")];
  const [readout, playButton] = [$(".bk-readout"), $("[data-do=play]")];
  const marks = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-stage]"));
  const values = [...root.querySelectorAll(".bk-counters b")];
  const stateAt = makeReplay(trace);
  const last = trace.steps.length - 1;
  const panes = makePanes(trace, palette);
  $(".bk-panes").append(...panes.map((pane) => pane.element));
  /** The piece a pane's focus is at.
   * @type {Map<Pane, number>} */
  const walked = new Map();
  let step = -1;
  let state = stateAt(step);
  let lit = makeLit([]);
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;

  /** @param {number} k */
  function whyHtml(k) {
    if (k < 0) return "<b>start</b> Before the first step. Press play, or the right arrow key.";
    return `<b>${escapeText(trace.steps[k].kind)}</b> ${escapeText(trace.steps[k].why)}`;
  }

  /** @param {string} label */
  const say = (label) => {
    readout.textContent = describe(trace, palette, step, state, lit.ranges, label);
  };

  /** @param {Range[]} ranges @param {string} label @param {Pane | null} from  does not scroll */
  function light(ranges, label, from) {
    lit = makeLit(ranges);
    for (const pane of panes) pane.draw(state, lit, pane !== from);
    say(label);
  }

  /** @param {number} to */
  function go(to) {
    step = Math.max(-1, Math.min(last, to));
    state = stateAt(step);
    lit = makeLit(stepPages(trace, step, state));
    const kind = trace.steps[step]?.kind;
    for (const pane of panes) {
      pane.draw(state, lit, true);
      pane.element.classList.toggle("bk-active", pane.element.dataset.pane === HOME[kind]);
    }
    tell();
    state.counters.forEach((value, i) => (values[i].textContent = value.toLocaleString("en")));
    why.innerHTML = whyHtml(step);
    const name = step < 0 ? "start" : `step ${step}`;
    at.textContent = `${name} of 0\u2013${last}`;
    scrubber.value = String(step);
    const stage = trace.stages[kind];
    const inFull = stage ? `${name}, ${palette.stages[stage].label}` : name;
    scrubber.setAttribute("aria-valuetext", inFull);
    for (const mark of marks)
      mark.setAttribute("aria-current", String(mark.dataset.stage === stage));
    readout.setAttribute("aria-live", "off");
    say("this step");
  }

  function tell() {
    // only for who asked for it: it takes longer than the panes
    if (twin.open) text.textContent = textTwin(trace, palette, step, state);
  }

  /** @param {boolean} on */
  function play(on) {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (on && step === last) go(-1);
    if (on) tick();
    const label = on ? "Pause (space)" : "Play (space)";
    playButton.innerHTML = icon(on ? "pause" : "play");
    playButton.setAttribute("aria-label", label);
    playButton.title = label;
    why.setAttribute("aria-live", on ? "off" : "polite"); // speech cannot keep up with play
  }

  function tick() {
    timer = setTimeout(
      () => {
        go(step + 1);
        if (step < last) tick();
        else play(false);
      },
      1000 / Number(speed.value),
    );
  }

  /** @param {number} to */
  const stepTo = (to) => {
    play(false);
    go(to);
  };

  function jumpToCode() {
    const read = readCode(trace, jump.value);
    note.textContent = read.error ?? "";
    jump.setAttribute("aria-invalid", String(read.error !== undefined));
    if (read.error === undefined) stepTo(read.step);
  }

  async function copy() {
    const code = writeCode(trace, step);
    try {
      await navigator.clipboard.writeText(code);
      note.textContent = `Copied: ${code}`;
    } catch {
      // no permission, or not a secure page: leave the code where it can be taken
      jump.value = code;
      jump.select();
      note.textContent = "Copy the code from the jump box.";
    }
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    first: () => stepTo(-1),
    previous: () => stepTo(step - 1),
    play: () => play(timer === null),
    next: () => stepTo(step + 1),
    last: () => stepTo(last),
    previousStage: () => stepTo(previousStage(runs, step)),
    nextStage: () => stepTo(nextStage(runs, step)),
    copy,
  };

  /**
   * Up and down (and shift with left and right) walk over the pieces of the focused pane.
   * @param {Pane} pane
   * @param {string} key
   * @param {boolean} shift
   */
  function walk(pane, key, shift) {
    const row = pane.stride();
    /** @type {Record<string, number>} */
    const ways = { ArrowUp: -row, ArrowDown: row };
    if (shift) [ways.ArrowLeft, ways.ArrowRight] = [-1, 1];
    const by = ways[key];
    if (by === undefined || pane.count() === 0) return false;
    const from = walked.get(pane);
    const to = Math.max(0, Math.min(pane.count() - 1, from === undefined ? 0 : from + by));
    walked.set(pane, to);
    readout.setAttribute("aria-live", "polite");
    const piece = pane.piece(to);
    pane.reveal(to);
    light(piece.pages ? [[piece.base, piece.pages]] : [], piece.label, pane);
    return true;
  }

  root.addEventListener("keydown", (event) => {
    const { key } = event;
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || key === "Tab") return;
    if (key === "Enter" && event.shiftKey) return; // runs the cell
    if (key === "Escape" && !target.matches(TYPING)) return; // leaves the cell's editor
    event.stopPropagation(); // or JupyterLab takes arrows, and letters such as d d, for itself
    if (target === jump && key === "Enter") jumpToCode();
    if (target.matches(TYPING) || (key === " " && target.matches("button, summary"))) return;
    const pane = panes.find((p) => p.body === target);
    if (pane && walk(pane, key, event.shiftKey)) event.preventDefault();
    else if (KEYS[key]) {
      event.preventDefault();
      actions[KEYS[key]]();
    }
  });
  root.addEventListener("click", (event) => {
    const pressed = /** @type {HTMLElement} */ (event.target).closest("button");
    const { do: name, stage } = pressed?.dataset ?? {};
    if (name) actions[name]();
    if (stage) stepTo(ofStage(runs, stage, step));
  });
  twin.addEventListener("toggle", tell);
  scrubber.addEventListener("input", () => stepTo(Number(scrubber.value)));
  function rest() {
    // nothing pointed at: the pages of the step itself
    const ranges = stepPages(trace, step, state);
    if (String(ranges) !== String(lit.ranges)) light(ranges, "this step", null);
  }
  for (const pane of panes) {
    pane.body.addEventListener("pointermove", (event) => {
      const i = pane.pointed(event);
      const piece = i === null ? null : pane.piece(i);
      if (!piece?.pages) rest();
      else if (String(lit.ranges) !== `${piece.base},${piece.pages}`)
        light([[piece.base, piece.pages]], piece.label, pane);
    });
    pane.body.addEventListener("pointerleave", rest);
    pane.body.addEventListener("blur", () => {
      walked.delete(pane);
      rest();
    });
  }

  const lengths = trace.steps.map((each) => each.why.length);
  const longest = lengths.indexOf(Math.max(...lengths));
  // A width of zero is a detached or hidden cell; coming back has a width again and redraws.
  function size() {
    if (!root.clientWidth) return;
    for (const pane of panes) {
      pane.size(pane.body.clientWidth, pane.body.clientHeight);
      pane.draw(state, lit, false);
    }
    const now = why.innerHTML; // room for the longest why, so that panes stay where they are
    why.style.minHeight = "";
    why.innerHTML = whyHtml(longest);
    why.style.minHeight = Math.ceil(why.getBoundingClientRect().height) + "px";
    why.innerHTML = now;
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  element.replaceChildren(root);
  go(startAt);
  /** @param {IntersectionObserver | ResizeObserver} observer */
  const observe = (observer) => observer.observe(root);
  const ends = [
    watch(ResizeObserver, observe, size),
    watch(IntersectionObserver, observe, (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) size();
    }),
    watch(MutationObserver, (theme) => theme.observe(document.body, { attributes: true }), size),
  ];
  dark.addEventListener("change", size);
  return {
    go: stepTo,
    end() {
      play(false);
      for (const end of ends) end();
      dark.removeEventListener("change", size);
    },
  };
}
