// @ts-check
// One lane of the race: guest, doorbell, host, and the bar its four stages fill.

import { element } from "./dom.js";
import { fillAs } from "./hatch.js";
import { progressAt, ringsBetween, stagesOf, totalOf } from "./lane_schedule.js";

/** @import { Look } from "./types" */
/** @import { Lane } from "./lane_schedule.js" */
/**
 * How things are drawn.
 * @typedef {{ stages: Look[], free: Look, balloon: Look, released: Look, resident: Look }} Looks
 */
/**
 * What the clock says, and at which price and speed.
 * @typedef {{ clock: number, percent: number, speed: number, moves: boolean }} Moment
 */

const BELL =
  "M8 1.5a1 1 0 0 1 1 1v.6A4 4 0 0 1 12 7v3l1.5 2v.5h-11V12L4 10V7a4 4 0 0 1 3-3.9v-.6a1 1 0 0 1 1-1zM6.5 13.5h3a1.5 1.5 0 0 1-3 0z";
const PAGE_GIB = 4 / (1 << 20);
/** A bell shakes so long after it rang, and a round shorter than this is drawn as a mixture. */
const SEEN_S = 0.15;
/** A stage with this share of the axis has its number written into it. */
const NUMBERED = 0.03;
/** Which station works at each stage. */
const STATION = [0, 1, 2, 2];

/** @param {number} n */
export const inFull = (n) => n.toLocaleString("en");
/** @param {number} s */
export const inSeconds = (s) => `${s.toFixed(3)} s`;

/** @param {number} s */
const inMs = (s) => (s > 0 && s < 5e-5 ? "under 0.1 ms" : `${inFull(Math.round(s * 1e4) / 10)} ms`);

/** Each stage's time: a part too short to be seen in the bar is still said.
 * @param {number[]} spent_s @param {Look[]} stages */
const inParts = (spent_s, stages) =>
  spent_s.map((s, k) => `${stages[k].label} ${inMs(s)}`).join(" · ");

/** @param {string} name @param {HTMLElement} body */
function stationOf(name, body) {
  const station = element("div", "", { class: "station" });
  const number = element("span", "", { class: "number" });
  station.append(element("span", name, { class: "name" }), body, number);
  return { station, number };
}

/** A strip of memory that one look fills and another leaves. @param {Look} full @param {Look} rest */
function memoryOf(full, rest) {
  const memory = element("div", "", { class: "memory", "aria-hidden": "true" });
  const fill = element("div");
  fillAs(memory, rest);
  fillAs(fill, full);
  memory.append(fill);
  return { memory, fill };
}

/**
 * @param {Lane} lane
 * @param {Looks} looks
 * @param {number} longest_s  where the axis ends
 */
export function makeLane(lane, looks, longest_s) {
  const el = element("section", "", { class: "lane", "data-path": lane.path });
  const heading = element("h4", lane.look.label);
  const source = element("small");
  heading.append(source);
  el.append(heading);

  const taken = memoryOf(looks.balloon, looks.free);
  const left = memoryOf(looks.resident, looks.released);
  const bell = element("div", "", { class: "bell", "aria-hidden": "true" });
  bell.innerHTML = `<svg viewBox="0 0 16 16" width="30" height="30"><path d="${BELL}"/></svg>`;
  const guest = stationOf("guest", taken.memory);
  const door = stationOf("doorbell", bell);
  const host = stationOf("host", left.memory);
  const stations = element("div", "", { class: "stations" });
  stations.append(guest.station, door.station, host.station);

  const bar = element("div", "", { class: "bar", "aria-hidden": "true" });
  const parts = looks.stages.map((look) => {
    const part = element("div");
    fillAs(part, look);
    const number = element("b", look.label[0]);
    number.style.background = look.colour;
    part.append(number);
    bar.append(part);
    return { part, number };
  });
  const goal = element("i", "", { title: "where it will be done" });
  bar.append(goal);
  const axis = element("div", "", { class: "axis", "aria-hidden": "true" });
  for (let s = 0; s <= longest_s; s++) {
    const tick = element("span", s ? s : "0 s");
    tick.style.left = `${(100 * s) / longest_s}%`;
    axis.append(tick);
  }
  const now = element("p", "", { class: "now" });
  const partsText = element("p", "", { class: "parts" });
  el.append(stations, bar, axis, now, partsText);

  /** @param {Moment} moment */
  function showBell({ clock, percent, speed, moves }) {
    const rang = ringsBetween(lane, percent, clock - SEEN_S * speed, clock);
    const shakes = moves && rang.length > 0;
    bell.classList.toggle("rings", shakes);
    const turn = shakes ? 14 * Math.sin((clock / speed) * 50) : 0;
    bell.style.transform = `rotate(${turn}deg) scale(${0.7 + (0.3 * percent) / 100})`;
  }

  /** @param {Moment} moment @param {number | null} stage */
  function showWhereItIs({ percent, speed }, stage) {
    const stages = stagesOf(lane, percent);
    const total = totalOf(lane, percent);
    const mixed = total / lane.messages / speed < SEEN_S;
    const lit = [0, 0, 0];
    stages.forEach((s, k) => {
      if (stage !== null) lit[STATION[k]] += mixed ? s / total : Number(k === stage);
    });
    [guest, door, host].forEach(({ station }, k) =>
      station.style.setProperty("--lit", String(lit[k])),
    );
    return mixed;
  }

  return {
    el,
    /** @param {Moment} moment @param {boolean} allDone */
    show(moment, allDone) {
      const { clock, percent } = moment;
      const { stage, kicks, allocated, released, spent_s } = progressAt(lane, percent, clock);
      const total = totalOf(lane, percent);
      const mixed = showWhereItIs(moment, stage);
      showBell(moment);
      taken.fill.style.width = `${(100 * allocated) / lane.pages}%`;
      left.fill.style.width = `${100 - (100 * released) / lane.pages}%`;
      guest.number.textContent = `${inFull(allocated)} pages taken`;
      door.number.textContent = kicks === 1 ? "1 ring" : `${inFull(kicks)} rings`;
      host.number.textContent = `${(released * PAGE_GIB).toFixed(2)} GiB released`;
      spent_s.forEach((s, k) => {
        parts[k].part.style.width = `${(100 * s) / longest_s}%`;
        parts[k].number.hidden = s / longest_s < NUMBERED;
      });
      goal.style.left = `${(100 * total) / longest_s}%`;
      source.textContent =
        percent === 100 ? lane.source : `model: a bell at ${percent} % of its price of 2017`;
      partsText.textContent = stage === null ? inParts(spent_s, looks.stages) : "";
      if (stage === null)
        now.textContent = `done at ${inSeconds(total)}${allDone ? "" : `, has waited ${inSeconds(clock - total)}`}`;
      else if (!clock) now.textContent = `will be done at ${inSeconds(total)}`;
      else now.textContent = mixed ? "all four stages, round by round" : looks.stages[stage].label;
    },
  };
}
