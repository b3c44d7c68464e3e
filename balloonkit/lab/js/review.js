// The posted patch under review: choose a fault, see what the host is told, page by page.

function element(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function boxOf([label, state, touches], looks) {
  const [name, colour, letter] = looks[state];
  const item = element("li", "", { class: `cell ${state}`, title: `${label}: ${name}` });
  item.classList.toggle("apart", !touches);
  const box = element("span", letter, { class: "box", role: "img", "aria-label": name });
  box.style.backgroundColor = colour;
  item.append(box, element("span", label, { class: "label" }));
  return item;
}

function sideOf(heading, side, looks, live) {
  const part = element("section");
  const strip = element("ol", "", { class: "strip", "aria-label": heading });
  strip.append(...side.cells.map((cell) => boxOf(cell, looks)));
  const told = element("p", "The host is told: ", { class: "told" });
  told.append(element("code", side.told));
  const verdict = element("p", side.verdict, { class: "verdict", ...live });
  part.append(element("h4", heading), strip, told, verdict);
  return part;
}

function drawerOf(title, text) {
  const drawer = element("details");
  drawer.append(element("summary", title), element("p", text));
  return drawer;
}

function render({ model, el }) {
  // Ids are the page's, and each widget loads this module anew: a counter would not do.
  const prefix = `balloonkit-review-${Math.random().toString(36).slice(2)}`;
  el.classList.add("balloonkit-view", "balloonkit-review");
  // JupyterLab would take arrow keys for its own shortcuts.
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const cases = model.get("cases");
  const looks = model.get("looks");

  const group = element("fieldset");
  group.append(element("legend", "Review the patch"));
  const chooser = element("div", "", { class: "chooser" });
  const label = element("label", "Fault", { for: `${prefix}-fault` });
  const choice = element("select", "", { id: `${prefix}-fault` });
  for (const [index, { name, title }] of cases.entries()) {
    choice.append(new Option(`${name}. ${title}`, index));
  }
  const step = (text, by) => {
    const button = element("button", text, { type: "button" });
    button.addEventListener("click", () => choose(model.get("chosen") + by));
    return button;
  };
  const [back, on] = [step("Previous", -1), step("Next", 1)];
  chooser.append(label, choice, back, on);

  const radios = element("div", "", { class: "radios", role: "radiogroup" });
  radios.setAttribute("aria-label", "The posted code has");
  radios.append(element("span", "The posted code has"));
  let faults = "alone";
  for (const [value, text] of [
    ["alone", "this fault alone"],
    ["posted", "all its faults, B1 repaired"],
  ]) {
    const id = `${prefix}-${value}`;
    const radio = element("input", "", { type: "radio", id, name: prefix, value });
    radio.checked = value === faults;
    radio.addEventListener("change", () => {
      faults = value;
      show();
    });
    radios.append(radio, element("label", text, { for: id }));
  }
  const body = element("div");
  group.append(chooser, radios, body);
  el.append(group);

  choice.addEventListener("change", () => choose(Number(choice.value)));
  function choose(index) {
    model.set("chosen", Math.min(Math.max(index, 0), cases.length - 1));
    model.save_changes();
  }
  function show() {
    const index = model.get("chosen");
    const shown = cases[index];
    choice.value = index;
    back.disabled = index === 0;
    on.disabled = index === cases.length - 1;
    const side = shown[faults];
    const input = element("p", "", { class: "input" });
    input.append(element("strong", "Input. "), shown.steps);
    const used = new Set([...side.cells, ...shown.correct.cells].map((cell) => cell[1]));
    const legend = element("ul", "", { class: "key" });
    for (const state of Object.keys(looks)) {
      if (used.has(state)) legend.append(boxOf([looks[state][0], state, true], looks));
    }
    body.replaceChildren(
      input,
      sideOf(`The posted code: ${side.name}`, side, looks, { role: "status" }),
      sideOf("The correct driver, on the same pages", shown.correct, looks, {}),
      legend,
      drawerOf("A hint", shown.hint),
      drawerOf("The fix", shown.fix),
    );
  }
  model.on("change:chosen", show);
  show();
  return () => model.off("change:chosen", show);
}

export default { render };
