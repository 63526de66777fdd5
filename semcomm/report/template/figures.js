// `ast` makes Vega interpret expressions: the page's policy forbids code made from text.
const EMBEDDED = {
  mode: "vega",
  renderer: "svg",
  ast: true,
  actions: false,
  tooltip: false,
  defaultStyle: false,
};

/** One figure: its view, a choice of many lines' group, a legend whose entries hide lines, a tip
 * with values, two downloads. */
async function figure(name, entries, rows) {
  const root = document.getElementById(`figure-${name}`);
  if (!root) return;
  const hidden = new Set();
  const { view } = await vegaEmbed(
    root.querySelector(".plot"),
    specifications[name].page,
    EMBEDDED,
  );
  const select = root.querySelector("select");
  const groups = new Map(entries.map((entry) => [entry.label, entry.group]));
  const isChosen = (line) => ["", groups.get(line)].includes(select.value);
  const isShown = (line) => isChosen(line) && !hidden.has(line);
  const visible = () => rows().filter((row) => isShown(row.line));
  const cursor = () =>
    data.axis && data.axis.values[state.at] !== null ? [{ x: data.axis.values[state.at] }] : [];
  const draw = () => {
    if (name !== "rate") view.data("cursor", cursor());
    return view.data("points", visible()).runAsync();
  };

  const toggle = (button, line) => {
    hidden.has(line) ? hidden.delete(line) : hidden.add(line);
    button.setAttribute("aria-pressed", String(!hidden.has(line)));
    draw();
  };
  const buttons = entries.map((entry) => {
    const button = element("button", { type: "button" }, sample(entry.style), entry.label);
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => toggle(button, entry.label));
    return button;
  });
  root.querySelector(".legend").append(...buttons);
  const choose = () => {
    buttons.forEach((button, number) => (button.hidden = !isChosen(entries[number].label)));
    return draw();
  };
  const names = new Set([...groups.values(), ""]);
  select.append(
    ...[...names].map((name) => element("option", { value: name, textContent: name || "all" })),
  );
  select.closest(".choice").hidden = names.size === 1;
  select.addEventListener("change", choose);
  root
    .querySelector("[data-download=csv]")
    .addEventListener("click", () => download(`${name}.csv`, "text/csv", csv(rows().map(csvRow))));
  root
    .querySelector("[data-download=svg]")
    .addEventListener("click", async () =>
      download(
        `${name}.svg`,
        "image/svg+xml",
        await asFile(specifications[name].file, isShown, visible()),
      ),
    );
  view.addEventListener("pointermove", showTip);
  view.addEventListener("pointerdown", showTip);
  view.addEventListener("pointerout", hideTip);
  watchers.push(draw);
  await choose();
}

/** The figure with a legend of its visible lines, as an SVG file of its own. */
async function asFile(specification, isShown, values) {
  const chosen = structuredClone(specification);
  for (const scale of chosen.scales) {
    if (!Array.isArray(scale.domain) || !Array.isArray(scale.range)) continue;
    const pairs = scale.domain
      .map((line, number) => [line, scale.range[number]])
      .filter(([line]) => typeof line !== "string" || isShown(line));
    scale.domain = pairs.map(([line]) => line);
    scale.range = pairs.map(([, look]) => look);
  }
  const { view } = await vegaEmbed(element("div"), chosen, EMBEDDED);
  await view.data("points", values).runAsync();
  return view.toSVG();
}

function csvRow(row) {
  const point = row.point;
  const withEnds = (column) => ({
    [column]: point[column],
    [`${column}_low`]: point[`${column}Low`] ?? null,
    [`${column}_high`]: point[`${column}High`] ?? null,
  });
  return {
    line: row.line,
    ...(row.best ? { best: row.best } : {}),
    ...(data.axis
      ? { [data.axis.key]: point.at === null ? null : data.axis.values[point.at] }
      : {}),
    ...withEnds("bits_per_image"),
    ...withEnds(data.quality.key),
    ...(data.accuracy ? withEnds(data.accuracy.key) : {}),
    channel_uses_per_image: point.channel_uses_per_image,
    images: point.images,
    results: point.results,
  };
}

/** A point as Vega draws it; only the rate figure draws its horizontal bars. */
function plotted(point, line, x, quality = data.quality.key) {
  const rate = data.rate.key;
  return {
    line,
    x,
    y: point[quality],
    point,
    hull: point.hull.includes(data.axis ? state.at : 0),
    yLow: point[`${quality}Low`] ?? null,
    yHigh: point[`${quality}High`] ?? null,
    xLow: point[`${rate}Low`] ?? null,
    xHigh: point[`${rate}High`] ?? null,
  };
}

/** Whether a point has both coordinates of a figure. */
const isMeasured = (row) => row.x !== null && row.y !== null;

function showTip(event, item) {
  if (!item || item.mark.name !== "hover_marks") return hideTip();
  const { line, point } = item.datum,
    { key, name, unit, digits } = data.quality;
  const readings = [
    [name, withInterval(point, key, digits) + unit],
    ["Bits per image", withInterval(point, "bits_per_image", 1)],
    ["Channel uses", withInterval(point, "channel_uses_per_image", 1)],
    ["Images", round(point.images, 0)],
  ];
  if (data.accuracy) {
    const { key, name, digits } = data.accuracy;
    readings.splice(1, 0, [name, withInterval(point, key, digits)]);
  }
  if (point.link) readings.push(["Modulation and rate", point.link]);
  if (item.datum.best) readings.unshift(["Best", item.datum.best]);
  if (data.axis && point.at !== null)
    readings.unshift([data.axis.label, String(data.axis.values[point.at])]);
  const tip = document.getElementById("tip");
  const values = element(
    "dl",
    {},
    ...readings.map(([term, value]) =>
      element(
        "div",
        {},
        element("dt", { textContent: term }),
        element("dd", { textContent: value }),
      ),
    ),
  );
  tip.replaceChildren(element("strong", { textContent: line }), values);
  tip.hidden = false;
  const { innerWidth, innerHeight } = window;
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
}

function hideTip() {
  document.getElementById("tip").hidden = true;
}

const moved = new Set(
  data.points.filter((point) => point.at !== null).map((point) => point.system),
);

const moving = data.systems.filter((_, number) => moved.has(number));
/** The points of a figure of a measure over the axis. */
const overAxis = (key) =>
  data.points
    .filter((point) => point.at !== null && data.axis.values[point.at] !== null)
    .map((point) =>
      plotted(point, data.systems[point.system].label, data.axis.values[point.at], key),
    )
    .filter(isMeasured);

figure("axis", moving, () => overAxis(data.quality.key));
figure("accuracy", moving, () => overAxis(data.accuracy.key));
figure("envelope", data.envelopes, () =>
  data.points
    .filter((point) => point.envelope !== null && data.axis.values[point.at] !== null)
    .map((point) => ({
      ...plotted(point, data.envelopes[point.envelope].label, data.axis.values[point.at]),
      best: data.systems[point.system].label,
    }))
    .filter(isMeasured),
);
figure("rate", data.families, () =>
  data.points
    .filter((point) => point.views.includes(data.axis ? state.at : 0))
    .map((point) => plotted(point, data.families[point.family].label, point[data.rate.key]))
    .filter(isMeasured),
);
