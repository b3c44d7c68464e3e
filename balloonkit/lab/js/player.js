// (3) Controls: one cursor over all panes. The clock is here; the kernel is never told.

const TYPING = "input[type=text], select";

const rangeName = (unit, first, n) => `${unit} ${n === 1 ? first : `${first}\u2013${first + n - 1}`}`;

/** A player in `element`; returns {go, destroy}. */
function makePlayer(element, { trace, palette }, startAt) {
  const root = document.createElement("div");
  root.className = "bk-player";
  root.tabIndex = -1;
  const runs = stageRuns(trace);
  root.innerHTML = frameHtml(trace, runs, palette.stages);
  const $ = (selector) => root.querySelector(selector);
  const scrubber = $("input[type=range]"), jump = $("input[type=text]"), why = $(".bk-why");
  const note = $(".bk-note"), readout = $(".bk-readout"), playButton = $("[data-do=play]");
  const twin = $(".bk-twin");
  const marks = [...root.querySelectorAll("[data-stage]")];
  const values = [...root.querySelectorAll(".bk-counters b")];
  const stateAt = makeReplay(trace), last = trace.steps.length - 1;
  const panes = makePanes(trace, palette);
  $(".bk-panes").append(...panes.map((pane) => pane.element));
  let step = -1, state = null, lit = makeLit([]), timer = null;

  function whyHtml(k) {
    if (k < 0) return "<b>start</b> Before the first step. Press play, or the right arrow key.";
    return `<b>${escapeText(trace.steps[k].kind)}</b> ${escapeText(trace.steps[k].why)}`;
  }

  function describe({ ranges }, label) {
    const { base: about, pages: many } = trace.steps[step] ?? {};
    if (!ranges.length && trace.window && many)
      return `${rangeName("PFN", about, many)}: what this step changes is outside this window.`;
    if (!ranges.length)
      return "Point at any piece, or tab to a pane and press the up and down arrow keys.";
    if (ranges.length > 1) {
      const pages = ranges.reduce((sum, [, length]) => sum + length, 0);
      return `${label} \u00b7 ${pages} pages in ${ranges.length} ranges`;
    }
    const [[base, pages]] = ranges, at = base - state.firstPfn;
    const kinds = new Set(state.pages.subarray(Math.max(at, 0), Math.max(at + pages, 0)));
    const none = trace.window ? "outside this window" : "no such page";
    const names = [...kinds].map((code) => palette.pages[code].label).join(" and ") || none;
    const host = toHost(trace, base, pages).map(([at, n]) => rangeName("host page", at, n));
    const gpa = "GPA 0x" + (base * trace.page_kib * 1024).toString(16);
    return [label, rangeName("PFN", base, pages), names, gpa, host.join(", ") || "no host page"]
      .filter(Boolean).join(" \u00b7 ");
  }

  function light(ranges, label, from) {
    lit = makeLit(ranges);
    for (const pane of panes) pane.draw(state, lit, pane !== from);
    readout.textContent = describe(lit, label);
  }

  function go(to) {
    step = Math.max(-1, Math.min(last, to));
    state = stateAt(step);
    lit = makeLit(stepPages(trace, step, state));
    const home = HOME[trace.steps[step]?.kind];
    for (const pane of panes) {
      pane.draw(state, lit, true);
      pane.element.classList.toggle("bk-active", pane.element.dataset.pane === home);
    }
    tell();
    state.counters.forEach((value, i) => (values[i].textContent = value.toLocaleString("en")));
    why.innerHTML = whyHtml(step);
    const name = step < 0 ? "start" : `step ${step}`;
    $(".bk-at").textContent = `${name} of 0\u2013${last}`;
    scrubber.value = step;
    const stage = trace.stages[trace.steps[step]?.kind];
    scrubber.setAttribute("aria-valuetext", stage ? `${name}, ${palette.stages[stage].label}` : name);
    for (const mark of marks) mark.setAttribute("aria-current", mark.dataset.stage === stage);
    readout.setAttribute("aria-live", "off");
    readout.textContent = describe(lit, "this step");
  }

  function tell() { // only for who asked for it: it takes longer than the panes
    if (twin.open) twin.lastElementChild.textContent = textTwin(trace, palette, step, state);
  }

  function play(on) {
    clearTimeout(timer);
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
    timer = setTimeout(() => {
      go(step + 1);
      step < last ? tick() : play(false);
    }, 1000 / Number($("select").value));
  }

  function jumpTo(text) {
    const read = readCode(trace, text);
    note.textContent = read.error ?? "";
    jump.setAttribute("aria-invalid", Boolean(read.error));
    if (!read.error) stepTo(read.step);
  }

  const stepTo = (to) => {
    play(false);
    go(to);
  };

  async function copy() {
    const code = writeCode(trace, step);
    try {
      await navigator.clipboard.writeText(code);
      note.textContent = `Copied: ${code}`;
    } catch { // no permission, or not a secure page: leave the code where it can be taken
      jump.value = code;
      jump.select();
      note.textContent = "Copy the code from the jump box.";
    }
  }

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
  const KEYS = { ArrowLeft: "previous", ArrowRight: "next", Home: "first", End: "last", " ": "play",
    PageUp: "previousStage", PageDown: "nextStage" };

  // Up and down (and shift with left and right) walk over the pieces of the focused pane.
  function walk(pane, key, shift) {
    const row = pane.stride();
    const by = { ArrowUp: -row, ArrowDown: row, ...(shift && { ArrowLeft: -1, ArrowRight: 1 }) }[key];
    if (by === undefined || pane.count() === 0) return false;
    const to = pane.walked === undefined ? 0 : pane.walked + by;
    pane.walked = Math.max(0, Math.min(pane.count() - 1, to));
    readout.setAttribute("aria-live", "polite");
    const piece = pane.piece(pane.walked);
    pane.reveal(pane.walked);
    light(piece.pages ? [[piece.base, piece.pages]] : [], piece.label, pane);
    return true;
  }

  root.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || key === "Tab") return;
    if (key === "Enter" && event.shiftKey) return; // runs the cell
    if (key === "Escape" && !target.matches(TYPING)) return; // leaves the cell's editor
    event.stopPropagation(); // or JupyterLab takes arrows, and letters such as d d, for itself
    if (target === jump && key === "Enter") jumpTo(jump.value);
    if (target.matches(TYPING) || (key === " " && target.matches("button, summary"))) return;
    const pane = panes.find((p) => p.body === target);
    if (pane && walk(pane, key, event.shiftKey)) event.preventDefault();
    else if (KEYS[key]) {
      event.preventDefault();
      actions[KEYS[key]]();
    }
  });
  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name) actions[name]();
    const stage = event.target.closest("[data-stage]")?.dataset.stage;
    if (stage) stepTo(ofStage(runs, stage, step));
  });
  twin.addEventListener("toggle", tell);
  scrubber.addEventListener("input", () => stepTo(Number(scrubber.value)));
  function rest() { // nothing pointed at: the pages of the step itself
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
      delete pane.walked;
      rest();
    });
  }

  // A width of zero is a detached or hidden cell; coming back has a width again and redraws.
  function size() {
    if (!root.clientWidth) return;
    for (const pane of panes) {
      pane.size(pane.body.clientWidth, pane.body.clientHeight);
      pane.draw(state, lit, false);
    }
    const now = why.innerHTML; // room for the longest why, so that panes stay where they are
    why.style.minHeight = "";
    const lengths = trace.steps.map(({ why: text }) => text.length);
    why.innerHTML = whyHtml(lengths.indexOf(Math.max(...lengths)));
    why.style.minHeight = Math.ceil(why.getBoundingClientRect().height) + "px";
    why.innerHTML = now;
  }
  const resized = new ResizeObserver(size);
  const seen = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && size());
  const theme = new MutationObserver(size);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  element.replaceChildren(root);
  go(startAt);
  resized.observe(root);
  seen.observe(root);
  theme.observe(document.body, { attributes: true });
  dark.addEventListener("change", size);
  return {
    go: stepTo,
    destroy() {
      play(false);
      for (const observer of [resized, seen, theme]) observer.disconnect();
      dark.removeEventListener("change", size);
    },
  };
}

/** The JSON behind zlib bytes. */
async function unpack(view) {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(plain).json();
}

/** Each view of a model has its own cursor; only an explicit jump from Python moves them all. */
export async function render({ model, el }) {
  let player = null, turn = 0;
  const build = async () => {
    const mine = ++turn;
    const data = await unpack(model.get("_data"));
    if (mine !== turn) return; // a newer trace came meanwhile, or the view is gone
    player?.destroy();
    player = makePlayer(el, data, model.get("step"));
  };
  const jumped = () => player?.go(model.get("step"));
  model.on("change:_data", build);
  model.on("change:step", jumped);
  model.on("msg:custom", jumped);
  await build();
  return () => {
    turn++;
    model.off("change:_data", build);
    model.off("change:step", jumped);
    model.off("msg:custom", jumped);
    player?.destroy();
  };
}

export default { render };
