// @ts-check
// The race, raced: two lanes on the reader's own clock. What is shown is a function of the clock.

import { makeClicks } from "./clicks.js";
import { element } from "./dom.js";
import { fillAs } from "./hatch.js";
import { milestonesOf, ringsBetween, totalOf } from "./lane_schedule.js";
import { inFull, inSeconds, makeLane } from "./lane_view.js";
import { keepKeys, makeWidget } from "./widget.js";

/** @import { Look } from "./types" */
/** @import { Lane } from "./lane_schedule.js" */
/** @import { Looks } from "./lane_view.js" */

const SPEEDS = { 1: 1, "1/10": 0.1, "1/100": 0.01 };
const MOST_PERCENT = 200;
const STILL =
  "Your system asks for less motion, so nothing moves by itself: this is the end of the race. " +
  "Move the clock to see any other moment.";

const READY = "Press Start. With a slider in focus, space starts and pauses, R starts again.";

/** @param {string} title @param {Look[]} looks */
function legendOf(title, looks) {
  const legend = element("ul", "", { class: "legend", "aria-label": title });
  legend.append(element("li", `${title}:`));
  for (const look of looks) {
    const item = element("li");
    const box = element("i", "", { "aria-hidden": "true" });
    fillAs(box, look);
    item.append(box, ` ${look.label}`);
    legend.append(item);
  }
  return legend;
}

/** When each lane rings and ends, in words and numbers.
 * @param {Lane[]} lanes @param {Looks} looks @param {number} percent */
function tableOf(lanes, looks, percent) {
  const table = element("table");
  const reached = lanes.map((lane) => milestonesOf(lane, percent));
  /** @param {string} name @param {(string | number)[]} cells */
  const row = (name, cells) => {
    const line = element("tr");
    line.append(element("th", name, { scope: "row" }), ...cells.map((c) => element("td", c)));
    return line;
  };
  const head = element("tr");
  for (const text of ["on the clock", ...lanes.map(({ look }) => look.label)])
    head.append(element("th", text, { scope: "col" }));
  const top = element("thead");
  top.append(head);
  /** @param {number} s */
  const exact = (s) => s.toFixed(6);
  const body = element("tbody");
  body.append(
    row(
      "rings",
      lanes.map((lane) => inFull(lane.messages)),
    ),
    row(
      "first ring, s",
      reached.map((m) => exact(m.first_ring_s)),
    ),
    row(
      "last ring, s",
      reached.map((m) => exact(m.last_ring_s)),
    ),
    ...looks.stages.map(({ label }, k) =>
      row(
        `${label} ends, s`,
        reached.map((m) => exact(m.ends_s[k])),
      ),
    ),
    row(
      "total, s",
      lanes.map((lane) => totalOf(lane, percent).toFixed(3)),
    ),
  );
  const said = percent === 100 ? "at the price of 2017" : `at ${percent} % of its price of 2017`;
  table.append(element("caption", `A bell ${said}`), top, body);
  return table;
}

export default makeWidget(
  ["balloonkit-view", "balloonkit-lanes"],
  ({ model, el, id, on, atEnd }) => {
    keepKeys(el);
    /** @type {Lane[]} */
    const lanes = model.get("lanes");
    /** @type {Looks} */
    const looks = model.get("looks");
    const still = matchMedia("(prefers-reduced-motion: reduce)");

    let clock = 0;
    let speed = 1;
    let running = false;
    /** @type {number | null} the last frame's time on the wall, in ms */
    let lastFrame = null;
    /** @type {ReturnType<typeof makeClicks> | null} */
    let clicks = null;
    const percent = () => model.get("kick_percent");
    const end = () => Math.max(...lanes.map((lane) => totalOf(lane, percent())));
    let endShown = end();

    const group = element("fieldset");
    group.append(element("legend", "The race, raced"));
    /** @param {string} text @param {string} key @param {() => void} act */
    const button = (text, key, act) => {
      const made = element("button", text, { type: "button", "aria-keyshortcuts": key });
      made.title = `or press ${key}`;
      made.addEventListener("click", act);
      return made;
    };
    const toggle = button("Start", "Space", () => (running ? pause() : start()));
    const again = button("Again", "R", startAgain);
    const speedChoice = element("select", "", { id: id("speed") });
    for (const text of Object.keys(SPEEDS)) speedChoice.append(new Option(`${text}×`, text));
    speedChoice.addEventListener("change", () => {
      speed = SPEEDS[/** @type {keyof typeof SPEEDS} */ (speedChoice.value)];
      show();
    });
    const sound = element("input", "", { type: "checkbox", id: id("sound") });
    sound.addEventListener("change", () => {
      clicks?.close();
      clicks = sound.checked ? makeClicks() : null;
    });
    const moving = element("div", "", { class: "moving" });
    moving.append(
      ...[toggle, again, element("label", "Speed", { for: id("speed") }), speedChoice, sound],
      element("label", "Sound: one click a ring", { for: id("sound") }),
    );

    /** @param {string} name @param {string} text @param {Record<string, number>} range */
    const slider = (name, text, range) => {
      const field = element("input", "", { type: "range", id: id(name), step: 1, ...range });
      // An output is read aloud at each change, and a clock changes with each frame.
      const value = element("output", "", { for: id(name), "aria-live": "off" });
      const line = element("div", "", { class: "control" });
      line.append(element("label", text, { for: id(name) }), field, value);
      return { line, field, value };
    };
    const price = slider("price", "price of a bell", { min: 0, max: MOST_PERCENT });
    const time = slider("clock", "clock", { min: 0 });
    price.field.addEventListener("input", () => {
      model.set("kick_percent", Number(price.field.value));
      model.save_changes();
    });
    time.field.addEventListener("input", () => {
      running = false;
      const ms = Number(time.field.value);
      clock = ms >= Number(time.field.max) ? end() : ms / 1000;
      say(clock < end() ? "" : ended());
      show();
    });
    const status = element("p", "", { class: "status", role: "status" });
    group.append(moving, price.line, time.line, status);

    const longest = Math.max(...lanes.map((lane) => totalOf(lane, MOST_PERCENT)));
    const drawn = lanes.map((lane) => makeLane(lane, looks, longest));
    const twin = element("details");
    const table = element("div", "", { class: "table" });
    twin.append(element("summary", "The race as a table"), table);
    el.append(group, ...drawn.map((lane) => lane.el));
    const { stages, free, balloon, resident, released } = looks;
    el.append(legendOf("Time", stages));
    el.append(legendOf("Memory", [free, balloon, resident, released]));
    el.append(element("p", model.get("assumed"), { class: "assumed" }), twin);

    /** @param {string} text */
    function say(text) {
      if (status.textContent !== text) status.textContent = text;
    }
    const ended = () =>
      "All are done: " +
      lanes.map((lane) => `${lane.path} ${inSeconds(totalOf(lane, percent()))}`).join(", ") +
      ".";

    function start() {
      if (clock >= end()) clock = 0;
      running = true;
      lastFrame = null;
      say("");
      requestAnimationFrame(frame);
      show();
    }
    function startAgain() {
      clock = 0;
      if (running) show();
      else start();
    }
    function pause() {
      running = false;
      say(`Paused at ${inSeconds(clock)}.`);
      show();
    }
    /** @param {number} wall_ms */
    function frame(wall_ms) {
      if (!running) return;
      const before = clock;
      if (lastFrame !== null)
        clock = Math.min(clock + ((wall_ms - lastFrame) / 1000) * speed, end());
      lastFrame = wall_ms;
      for (const lane of clicks ? lanes : [])
        for (const ring of ringsBetween(lane, percent(), before || -1, clock))
          clicks?.ring(lane.messages > 1, Math.max(ring - before, 0) / speed);
      const done = lanes.filter((lane) => clock >= totalOf(lane, percent()));
      if (done.length === lanes.length) {
        running = false;
        say(ended());
      } else if (done.length)
        say(`${done.map((lane) => lane.look.label).join(", ")}: done, and waits.`);
      show();
      if (running) requestAnimationFrame(frame);
    }
    function show() {
      const moment = { clock, percent: percent(), speed, moves: running };
      for (const lane of drawn) lane.show(moment, clock >= end());
      toggle.textContent = running ? "Pause" : clock && clock < end() ? "Go on" : "Start";
      time.field.max = String(Math.ceil(end() * 1000));
      time.field.value = String(clock >= end() ? time.field.max : Math.floor(clock * 1000));
      time.value.textContent = inSeconds(clock);
      if (!running) time.field.setAttribute("aria-valuetext", inSeconds(clock));
    }
    function showPrice() {
      const bell_us = (lanes[0].kick_s * percent() * 1e6) / 100;
      price.field.value = String(percent());
      price.value.textContent = `${percent()} %, ${bell_us.toFixed(0)} µs`;
      price.field.setAttribute("aria-valuetext", price.value.textContent);
      if (clock >= endShown || clock > end()) clock = end(); // what had ended has ended
      endShown = end();
      if (!running && clock >= end()) say(still.matches ? STILL : ended());
      table.replaceChildren(tableOf(lanes, looks, percent()));
      show();
    }
    function showMotion() {
      moving.hidden = still.matches;
      if (still.matches) {
        running = false;
        clock = end();
      }
      say(still.matches ? STILL : READY);
      showPrice();
    }
    const hide = () => {
      if (document.hidden && running) pause();
    };
    el.addEventListener("keydown", (event) => {
      const at = /** @type {HTMLElement} */ (event.target);
      if (still.matches || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === " " && !at.closest("button, select, summary, [type=checkbox]")) {
        event.preventDefault();
        if (running) pause();
        else start();
      } else if (event.key.toLowerCase() === "r" && !at.closest("select")) startAgain();
    });
    document.addEventListener("visibilitychange", hide);
    still.addEventListener("change", showMotion);
    atEnd(() => {
      running = false;
      clicks?.close();
      document.removeEventListener("visibilitychange", hide);
      still.removeEventListener("change", showMotion);
    });
    on({ "change:kick_percent": showPrice });
    showMotion();
  },
);
