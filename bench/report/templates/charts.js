// Live charts in place of the pictures: the same specification, drawn by Vega when it comes into view.

const unpack = async base64 => {
  const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};
const packed = id => unpack(document.getElementById(id).textContent);

const once = make => {
  let made;
  return () => made ??= make();
};

const liveData = once(async () => JSON.parse(await packed("live")));
const library = once(async () => {
  const script = document.createElement("script");
  script.textContent = await packed("vega");  // the page's policy allows exactly this text
  document.head.append(script);
  return window.vegaEmbed;
});

const tip = document.getElementById("tip");
const pointAt = names => (_, event, item, value) => {
  tip.hidden = !value;
  if (!value) return;
  const name = document.createElement("strong");
  name.textContent = names[item.datum.series];
  // Of a single field Vega hands over the text itself, of several an object.
  tip.replaceChildren(name, typeof value === "object" ? Object.values(value).join(", ") : String(value));
  const {clientX: x, clientY: y} = event;
  tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${y + 18 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 12 : y + 18}px`;
};

const filtered = (figure, rows) => rows.filter(row =>
  (row.series === undefined || figure.seriesAre === "other" || shows(figure.seriesAre, figure.series[row.series]) ||
    figure.series[row.series] === "memcpy") &&
  (row.category === undefined || figure.categoriesAre === "other" || shows(figure.categoriesAre, row.category)));

const views = new Map();  // panel id -> {figure, data, view}

const filterOne = ({figure, data, view}) => {
  for (const [name, rows] of Object.entries(data)) view.data(name, filtered(figure, rows));
  return view.runAsync();
};

const drawLive = async panel => {
  if (views.has(panel.id)) return;
  views.set(panel.id, null);
  const figure = (await liveData())[panel.dataset.figure];
  const embed = await library();
  const data = figure.panels[panel.id];
  const picture = panel.querySelector(".picture");
  const still = picture.firstElementChild;
  const holder = document.createElement("div");
  holder.setAttribute("role", "img");
  holder.setAttribute("aria-label", still.getAttribute("aria-label"));
  const datasets = Object.fromEntries(Object.entries(data).map(([name, rows]) => [name, filtered(figure, rows)]));
  const {view} = await embed(holder, {...figure.specification, datasets}, {
    mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, tooltip: pointAt(figure.series),
  });
  holder.querySelector("svg").setAttribute("aria-hidden", "true");
  picture.replaceChildren(holder);
  const held = {figure, data, view};
  views.set(panel.id, held);
  await filterOne(held);  // by what was chosen while it was drawn
  panel.dataset.live = "";
};

const filterLive = () => {
  for (const held of views.values()) if (held) filterOne(held);
};

const watchCharts = () => {
  const seen = new IntersectionObserver(entries => {
    for (const {isIntersecting, target} of entries) if (isIntersecting) drawLive(target);
  }, {rootMargin: "300px"});
  for (const panel of document.querySelectorAll(".panel")) seen.observe(panel);
};
