// @ts-check
// A question: the problem, a field for the answer, the verdict in words, and the answer on demand.

import { element } from "./dom.js";
import { keepKeys, makeAsker, makeWidget } from "./widget.js";

/** @import { Look } from "./types" */

const PATIENCE_MS = 4000;

/**
 * The guest's pages, lettered.
 * @param {{ first: number, letters: string, columns: number }} grid
 * @param {Look[]} looks
 */
function gridOf({ first, letters, columns }, looks) {
  const byLetter = new Map(looks.map((look) => [look.letter, look]));
  const table = element("table", "", { class: "pages" });
  table.append(
    element("caption", "The guest's pages; each row begins with its first page number."),
  );
  for (let start = 0; start < letters.length; start += columns) {
    const row = element("tr");
    row.append(element("th", first + start, { scope: "row" }));
    [...letters.slice(start, start + columns)].forEach((letter, i) => {
      const look = byLetter.get(letter);
      if (!look) throw new Error(`no look has the letter ${letter}`);
      const cell = element("td", letter, { title: `page ${first + start + i}: ${look.label}` });
      cell.style.background = look.colour;
      cell.style.color = look.ink;
      row.append(cell);
    });
    table.append(row);
  }
  return table;
}

/** @param {[string, string][]} pairs */
function listOf(pairs) {
  const list = element("dl");
  for (const [name, value] of pairs) list.append(element("dt", name), element("dd", value));
  return list;
}

export default makeWidget(["balloonkit-view", "balloonkit-ask"], (view) => {
  const { model, el, id, on, atEnd } = view;
  keepKeys(el);

  const form = element("form");
  const group = element("fieldset");
  const legend = element("legend");
  const problem = element("div", "", { class: "problem" });
  const label = element("label", "", { for: id("answer") });
  const field = element("input", "", {
    type: "text",
    id: id("answer"),
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": id("how"),
  });
  const how = element("small", "", { id: id("how") });
  const check = element("button", "Check", { type: "submit" });
  const buttons = element("div", "", { class: "buttons" });
  const status = element("p", "", { role: "status", class: "status" });
  const revealed = element("div", "", { class: "revealed" });
  buttons.append(check);
  /** @param {string} text @param {() => void} act */
  const button = (text, act) => {
    const node = element("button", text, { type: "button" });
    node.addEventListener("click", act);
    buttons.append(node);
  };
  button("Show the answer", () => ask("reveal"));
  button("Another one", () => {
    ask("another");
    field.value = "";
    field.focus();
  });
  button("Save my answers", save);
  group.append(legend, problem, label, field, how, buttons, status, revealed);
  form.append(group);
  el.append(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask("check", { answer: field.value });
  });

  let slow = 0;
  const { ask, busy } = makeAsker(view, say);
  function save() {
    const link = element("a", "", { download: "my-answers.txt" });
    link.href = URL.createObjectURL(
      new Blob([model.get("answers") + "\n"], { type: "text/plain" }),
    );
    link.click();
    URL.revokeObjectURL(link.href);
    status.textContent = "Saved as my-answers.txt, where your browser keeps downloads.";
  }
  function say() {
    clearTimeout(slow);
    const { verdict, where, why } = model.get("said");
    status.className = "status";
    if (busy()) {
      status.textContent = "Checking.";
      slow = window.setTimeout(() => {
        status.textContent = "No answer yet. Is the kernel still running?";
      }, PATIENCE_MS);
    } else if (verdict === "right") {
      status.classList.add("right");
      status.textContent = "✓ Right.";
    } else if (verdict === "wrong") {
      status.classList.add("wrong");
      status.textContent = `✗ ${where} ${why}`;
    } else {
      status.textContent = "";
    }
  }
  function pose() {
    const shown = model.get("problem");
    legend.textContent = shown.title;
    problem.replaceChildren(element("p", shown.text));
    if (shown.grid) problem.append(gridOf(shown.grid, model.get("looks")));
    problem.append(listOf(shown.facts));
    label.textContent = shown.label;
    how.textContent = shown.how;
  }
  function reveal() {
    /** @type {Record<string, string>} */
    const parts = model.get("revealed");
    revealed.replaceChildren(listOf(Object.entries(parts)));
  }

  on({ "change:problem": pose, "change:said": say, "change:revealed": reveal });
  atEnd(() => clearTimeout(slow));
  pose();
  say();
  reveal();
});
