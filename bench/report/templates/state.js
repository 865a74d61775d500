// What the page shows: kept in the address, as #anchor?executor=thread&python=..., so that a link shows the same.

const FILTERS = ["python", "executor", "workload"];
const state = {anchor: "", search: "", sort: "", page: 1, shown: new Map()};  // a filter without an entry shows all
const listeners = [];

const readAddress = () => {
  const [anchor, query = ""] = location.hash.slice(1).split(/\?(.*)/s);
  const given = new URLSearchParams(query);
  state.anchor = anchor;
  if (query || !anchor) {
    state.shown = new Map(FILTERS.filter(name => given.has(name)).map(name => [name, new Set(given.getAll(name))]));
    state.search = given.get("search") ?? "";
    state.sort = given.get("sort") ?? "";
    state.page = Math.max(1, Math.trunc(Number(given.get("page"))) || 1);
  }
};

const writeAddress = () => {
  const query = new URLSearchParams();
  for (const [name, values] of state.shown) for (const value of values) query.append(name, value);
  if (state.search) query.set("search", state.search);
  if (state.sort) query.set("sort", state.sort);
  if (state.page > 1) query.set("page", state.page);
  const text = query.toString();
  history.replaceState(null, "", state.anchor || text ? `#${state.anchor}${text ? `?${text}` : ""}` : location.pathname);
};

const shows = (filter, value) => !state.shown.has(filter) || state.shown.get(filter).has(value);

const tell = () => { for (const listener of listeners) listener(); };

const change = alter => {
  alter(state);
  writeAddress();
  tell();
};
