// The table of all results: found, filtered and sorted over all rows, shown a page at a time.

const PAGE = 50;
const COLUMNS = [
  {key: "python", of: row => row.python},
  {key: "benchmark", of: row => row.name},
  {key: "parameters", of: row => row.said},
  {key: "least", of: row => row.min_s},
  {key: "median", of: row => row.median_s},
  {key: "ratio", of: row => row.speed_up},
  {key: "interval", of: row => row.speed_up_low},
  {key: "rounds", of: row => row.rounds},
];

const said = value => typeof value === "number" && Number.isInteger(value) ? whole(value)
  : value === null ? "None" : value === true ? "True" : value === false ? "False" : String(value);

const cells = row => [
  seconds(row.min_s),
  seconds(row.median_s),
  row.speed_up === null ? "\u2013" : `${faster(row.speed_up)} than ${row.reference}`,
  row.speed_up === null ? "\u2013" : row.speed_up_low === null ? "[no interval]"
    : `[${faster(row.speed_up_low)}, ${faster(row.speed_up_high)}]`,
  `${whole(row.rounds)} \u00d7 ${whole(row.iterations)}`,
];

const element = (name, text, properties = {}) => Object.assign(document.createElement(name), {textContent: text}, properties);

const subjectOf = row => ["workload", "payload", "server"].map(name => row.parameters[name]).find(value => typeof value === "string");

const makeResults = rows => {
  const table = document.getElementById("all-results");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  let found = rows;
  for (const row of rows) {
    row.said = Object.entries(row.parameters).map(([name, value]) => `${name} = ${said(value)}`).join(", ");
    row.text = `${row.python} ${row.benchmark} ${row.said}`.toLowerCase();
    row.subject = subjectOf(row);
  }

  const passes = row => shows("python", row.python) && shows("executor", row.parameters.kind) && shows("workload", row.subject);

  const select = () => {
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    found = rows.filter(row => passes(row) && words.every(word => row.text.includes(word)));
    const column = COLUMNS.find(({key}) => key === state.sort.replace("-", ""));
    if (!column) return;
    const order = state.sort.startsWith("-") ? -1 : 1;
    const collator = new Intl.Collator("en", {numeric: true});
    found.sort((one, other) => {
      const [a, b] = [column.of(one), column.of(other)];
      if (a === null || b === null) return (a === null) - (b === null);
      return order * (typeof a === "string" ? collator.compare(a, b) : a - b);
    });
  };

  const show = () => {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    state.page = Math.min(state.page, pages);
    body.replaceChildren(...found.slice((state.page - 1) * PAGE, state.page * PAGE).map(row => {
      const line = element("tr", "", {id: row.id});
      const name = element("th", "", {scope: "row", className: "name"});
      name.append(element("a", row.name, {href: `#${row.id}`}));
      line.append(element("td", row.python), name, element("td", row.said, {className: "name"}), ...cells(row).map(text => element("td", text)));
      line.classList.toggle("target", row.id === state.anchor);
      return line;
    }));
    document.getElementById("found").textContent = found.length === rows.length
      ? `${whole(rows.length)} results` : `${whole(found.length)} of ${whole(rows.length)} results`;
    document.getElementById("page").textContent = `Page ${whole(state.page)} of ${whole(pages)}`;
    document.getElementById("back").disabled = state.page <= 1;
    document.getElementById("forth").disabled = state.page >= pages;
    heads.forEach((head, index) => {
      const {key} = COLUMNS[index];
      const order = state.sort === key ? "ascending" : state.sort === `-${key}` ? "descending" : null;
      if (order) head.setAttribute("aria-sort", order); else head.removeAttribute("aria-sort");
    });
  };

  const goTo = id => {
    const row = rows.find(row => row.id === id);
    if (!row) return false;
    if (!found.includes(row)) {
      state.search = "";
      state.shown.clear();
      tell();
    }
    state.page = Math.floor(found.indexOf(row) / PAGE) + 1;
    show();
    document.getElementById(id).scrollIntoView({block: "center"});
    return true;
  };

  heads.forEach((head, index) => {
    const {key} = COLUMNS[index];
    const button = element("button", head.textContent, {type: "button"});
    head.replaceChildren(button);
    button.addEventListener("click", () => change(state => {
      state.sort = state.sort === key ? `-${key}` : state.sort === `-${key}` ? "" : key;
      state.page = 1;
    }));
  });
  const search = document.getElementById("search");
  search.addEventListener("input", () => change(state => { state.search = search.value; state.page = 1; }));
  document.getElementById("back").addEventListener("click", () => change(state => { state.page -= 1; }));
  document.getElementById("forth").addEventListener("click", () => change(state => { state.page += 1; }));
  document.getElementById("finder").hidden = false;
  for (const note of document.querySelectorAll(".static")) note.remove();

  return {
    goTo,
    update: () => {
      if (search.value !== state.search) search.value = state.search;
      select();
      show();
    },
  };
};
