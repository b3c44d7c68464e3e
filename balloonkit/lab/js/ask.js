// A question: the problem, a field for the answer, the verdict in words, and the answer on demand.

function element(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function gridOf({ first, letters, columns }, looks) {
  const table = element("table", "", { class: "pages" });
  table.append(element("caption", "The guest's pages; each row begins with its first page number."));
  for (let start = 0; start < letters.length; start += columns) {
    const row = element("tr");
    row.append(element("th", first + start, { scope: "row" }));
    [...letters.slice(start, start + columns)].forEach((letter, i) => {
      const [label, colour] = looks[letter];
      const cell = element("td", letter, { title: `page ${first + start + i}: ${label}` });
      cell.style.background = colour;
      cell.style.color = letter === "U" ? "#fff" : "#000";
      row.append(cell);
    });
    table.append(row);
  }
  return table;
}

function listOf(pairs) {
  const list = element("dl");
  for (const [name, value] of pairs) list.append(element("dt", name), element("dd", value));
  return list;
}

function render({ model, el }) {
  // Ids are the page's, and each widget loads this module anew: a counter would not do.
  const prefix = `balloonkit-ask-${Math.random().toString(36).slice(2)}`;
  el.classList.add("balloonkit-view", "balloonkit-ask");
  // JupyterLab would take the keys for its own shortcuts.
  el.addEventListener("keydown", (event) => event.stopPropagation());

  const form = element("form");
  const group = element("fieldset");
  const legend = element("legend");
  const problem = element("div", "", { class: "problem" });
  const label = element("label", "", { for: `${prefix}-answer` });
  const field = element("input", "", {
    type: "text",
    id: `${prefix}-answer`,
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": `${prefix}-how`,
  });
  const how = element("small", "", { id: `${prefix}-how` });
  const check = element("button", "Check", { type: "submit" });
  const buttons = element("div", "", { class: "buttons" });
  const status = element("p", "", { role: "status", class: "status" });
  const revealed = element("div", "", { class: "revealed" });
  buttons.append(check);
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
    ask("check");
  });

  let slow;
  function busy() {
    return (model.get("wish").number ?? 0) !== model.get("done");
  }
  function ask(what) {
    const number = (model.get("wish").number ?? 0) + 1;
    model.set("wish", { do: what, answer: field.value, number });
    model.save_changes();
    say();
  }
  function save() {
    const link = element("a", "", { download: "my-answers.txt" });
    link.href = URL.createObjectURL(new Blob([model.get("answers") + "\n"], { type: "text/plain" }));
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
      slow = setTimeout(() => {
        status.textContent = "No answer yet. Is the kernel still running?";
      }, 4000);
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
    revealed.replaceChildren(listOf(Object.entries(model.get("revealed"))));
  }

  const on = { problem: pose, said: say, done: say, revealed: reveal };
  for (const [name, react] of Object.entries(on)) model.on(`change:${name}`, react);
  pose();
  say();
  reveal();
  return () => {
    clearTimeout(slow);
    for (const [name, react] of Object.entries(on)) model.off(`change:${name}`, react);
  };
}

export default { render };
