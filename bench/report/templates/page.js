// The page as a whole: filters, theme, folds on paper, downloads.

const fold = {
  open: () => { for (const one of document.querySelectorAll("main details:not([open])")) { one.open = true; one.dataset.shut = ""; } },
  close: () => { for (const one of document.querySelectorAll("details[data-shut]")) { one.open = false; delete one.dataset.shut; } },
};

const applyFilters = () => {
  for (const part of document.querySelectorAll("figure [data-python], .crossing [data-python]")) {
    part.hidden = !shows("python", part.dataset.python);
    // Who asks for a Python by name wants to see it, not a fold that holds it.
    if (part.matches("details.group") && state.shown.has("python") && !part.hidden) part.open = true;
  }
  for (const panel of document.querySelectorAll(".panel[data-subject]")) panel.hidden = !shows("workload", panel.dataset.subject);
  for (const table of document.querySelectorAll("table.data")) {
    const columns = [...table.tHead.rows[0].cells].map((head, index) => [head.dataset.filter, index]).filter(([filter]) => filter);
    for (const body of table.tBodies)
      for (const row of body.rows)
        if (!row.classList.contains("group")) row.hidden = !columns.every(([filter, index]) => shows(filter, row.cells[index].textContent));
  }
  for (const figure of document.querySelectorAll("figure"))
    figure.querySelector(".nothing").hidden = [...figure.querySelectorAll(".panel")].some(panel => !panel.closest("[hidden]"));
  for (const menu of document.querySelectorAll(".menu")) {
    const chosen = state.shown.get(menu.dataset.filter);
    const boxes = [...menu.querySelectorAll("input")];
    for (const box of boxes) box.checked = shows(menu.dataset.filter, box.value);
    menu.querySelector(".count").textContent = chosen ? ` ${boxes.filter(box => box.checked).length} of ${boxes.length}` : "";
  }
  document.getElementById("all").hidden = state.shown.size === 0;
};

const makeMenus = values => {
  for (const menu of document.querySelectorAll(".menu")) {
    const filter = menu.dataset.filter;
    const fieldset = menu.querySelector("fieldset");
    for (const value of values[filter]) {
      const box = element("input", "", {type: "checkbox", value});
      const label = element("label", "");
      label.append(box, element("span", value));
      fieldset.append(label);
    }
    menu.hidden = values[filter].length < 2;
    fieldset.addEventListener("change", () => change(state => {
      const boxes = [...fieldset.querySelectorAll("input")];
      if (boxes.every(box => box.checked)) state.shown.delete(filter);
      else state.shown.set(filter, new Set(boxes.filter(box => box.checked).map(box => box.value)));
      state.page = 1;
    }));
    menu.addEventListener("keydown", event => {
      if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
    });
  }
  document.addEventListener("click", event => {
    for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("focusin", event => {
    for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.getElementById("all").addEventListener("click", () => change(state => { state.shown.clear(); state.page = 1; }));
};

const makeTheme = () => {
  const button = document.getElementById("theme");
  const night = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (document.documentElement.dataset.theme ?? (night.matches ? "dark" : "light")) === "dark";
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.setAttribute("aria-label", "Switch between light and dark");
  button.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  night.addEventListener("change", name);
  name();
};

const makeDownload = (id, type, text) => {
  const link = document.getElementById(id);
  const name = link.download.replace(".gz", "");
  link.textContent = name;
  link.addEventListener("click", async event => {
    event.preventDefault();
    const address = URL.createObjectURL(new Blob([await text()], {type}));
    element("a", "", {href: address, download: name}).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });
};

const distinct = values => [...new Set(values.filter(value => typeof value === "string"))];

const start = async () => {
  const carried = id => once(() => unpack(document.getElementById(id).href.split(",")[1]));
  const [json, csv] = [carried("json"), carried("csv")];
  const {rows} = JSON.parse(await json());
  makeMenus({
    python: distinct(rows.map(row => row.python)),
    executor: distinct(rows.map(row => row.parameters.kind)),
    workload: distinct(rows.map(subjectOf)),
  });
  const results = makeResults(rows);
  makeTheme();
  makeDownload("json", "application/json", json);
  makeDownload("csv", "text/csv", csv);
  listeners.push(applyFilters, filterLive, results.update);
  const arrive = () => {
    readAddress();
    tell();
    if (state.anchor && !results.goTo(state.anchor)) {
      const target = document.getElementById(state.anchor);
      for (let part = target; part; part = part.parentElement?.closest("details")) if (part.tagName === "DETAILS") part.open = true;
      target?.scrollIntoView();
    }
    writeAddress();
  };
  addEventListener("hashchange", arrive);
  addEventListener("beforeprint", fold.open);
  addEventListener("afterprint", fold.close);
  document.getElementById("bar").hidden = false;
  arrive();
  watchCharts();
  document.documentElement.dataset.ready = "";
};

start();
