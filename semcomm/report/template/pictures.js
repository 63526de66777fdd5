const HEAT = [
  [0, 0, 4],
  [66, 10, 104],
  [147, 38, 103],
  [221, 81, 58],
  [252, 165, 10],
  [252, 255, 164],
];
const WORST = 64;

/** The colour of an error of 0 to 255. */
function heat(error) {
  const place = (Math.min(error, WORST) / WORST) * (HEAT.length - 1);
  const low = Math.min(Math.floor(place), HEAT.length - 2);
  return HEAT[low].map((from, channel) =>
    Math.round(from + (place - low) * (HEAT[low + 1][channel] - from)),
  );
}

const decoded = new Map();

/** The pixels of a picture, as red, green, blue and 255 in turn. */
function pixels(number) {
  if (!decoded.has(number)) decoded.set(number, decode(data.pictures[number]));
  return decoded.get(number);
}

async function decode(picture) {
  const image = element("img", { src: picture.url });
  await image.decode();
  const canvas = element("canvas", { width: picture.width, height: picture.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, picture.width, picture.height).data;
}

/** Draw the error of each received pixel: the mean absolute difference of its three values. */
async function drawErrors(canvas, sent, received) {
  const picture = data.pictures[sent];
  const key = `${sent} ${received}`;
  canvas.dataset.key = key;
  const [from, to] = await Promise.all([pixels(sent), pixels(received)]);
  if (canvas.dataset.key !== key) return; // another picture was chosen meanwhile
  Object.assign(canvas, { width: picture.width, height: picture.height });
  const map = new ImageData(picture.width, picture.height);
  for (let place = 0; place < from.length; place += 4) {
    const [red, green, blue] = [0, 1, 2].map((channel) =>
      Math.abs(from[place + channel] - to[place + channel]),
    );
    map.data.set([...heat((red + green + blue) / 3), 255], place);
  }
  canvas.getContext("2d").putImageData(map, 0, 0);
  canvas.dataset.drawn = key;
}

function show(image, number) {
  const picture = data.pictures[number];
  image.src = picture.url;
  image.classList.toggle("large", Math.max(picture.width, picture.height) > 128);
}

function thumb(sent, number) {
  const image = element("img", { alt: "" });
  show(image, sent.picture);
  const button = element("button", { type: "button", title: sent.name }, image);
  button.setAttribute("aria-label", `Image ${sent.name}`);
  button.addEventListener("click", () => change({ image: number }));
  watchers.push(() => button.setAttribute("aria-pressed", String(state.image === number)));
  return button;
}

function card(system, number) {
  const image = element("img", { alt: `Received by ${system.label}` });
  const errors = element("canvas", {});
  errors.setAttribute("role", "img");
  errors.setAttribute("aria-label", `Error map of ${system.label}`);
  const pair = element("div", { className: "pair" }, image, errors);
  const values = element("dl", {}),
    constellation = element("figure", { className: "constellation" }),
    gains = element("figure", { className: "gains" });
  const made = element(
    "article",
    { className: "card" },
    element("h3", {}, sample(system.style), system.label),
    pair,
    values,
    constellation,
    gains,
  );
  watchers.push(() => {
    const point = pointOf(number);
    made.classList.toggle("absent", !point);
    pair.hidden = !point;
    constellation.hidden = !point || point.first[state.image].symbols === undefined;
    gains.hidden = !point || point.first[state.image].gains === undefined;
    if (!point) return values.replaceChildren(element("p", { textContent: "Not simulated here." }));
    const sent = data.sent[state.image].picture,
      first = point.first[state.image];
    const whole = ["width", "height"].every(
      (side) => data.pictures[sent][side] === data.pictures[first.picture][side],
    );
    show(image, first.picture);
    errors.hidden = !whole; // the receiver did not learn the size
    if (whole) drawErrors(errors, sent, first.picture);
    values.replaceChildren(...readingsOf(first, point.link));
    if (!constellation.hidden) drawConstellation(constellation, data.constellations[first.symbols]);
    if (!gains.hidden) drawGains(gains, data.gains[first.gains]);
  });
  return made;
}

/** The measured values of a received picture, those that its system has, and its link. */
function readingsOf(first, link) {
  const { name, unit, digits } = data.quality;
  const arrived = first.damaged ? "damaged" : "intact";
  const rows = [
    [name, first.quality, (value) => round(value, digits) + unit],
    ["Class", first.accuracy ?? null, (value) => (value ? "recognized" : "not recognized")],
    ["Bits", first.bits, (value) => round(value, 0)],
    ["Channel uses", first.channel_uses, (value) => round(value, 0)],
    ["Arrived", first.damaged, () => element("span", { className: arrived }, arrived)],
    ["Modulation and rate", link, (value) => value],
  ];
  return rows
    .filter(([, value]) => value !== null)
    .map(([term, value, text]) =>
      element("div", {}, element("dt", { textContent: term }), element("dd", {}, text(value))),
    );
}

/** The channel symbols of a picture in the complex plane, each a dot. */
function drawConstellation(figure, { points, of }) {
  const reach = Math.max(1, ...points.flat().map(Math.abs)) * 1.05;
  const axes = svg("path", { class: "axes", d: `M${-reach},0H${reach}M0,${-reach}V${reach}` });
  const dots = svg("path", {
    class: "dots",
    d: points.map(([real, imaginary]) => `M${real},${-imaginary}h0`).join(""),
  });
  const drawing = svg(
    "svg",
    { viewBox: `${-reach} ${-reach} ${2 * reach} ${2 * reach}`, role: "img" },
    axes,
    dots,
  );
  drawing.setAttribute("aria-label", "Channel symbols in the complex plane");
  const share = points.length < of ? `${round(points.length, 0)} of ${round(of, 0)}` : round(of, 0);
  figure.replaceChildren(
    drawing,
    element("figcaption", { textContent: `${share} channel symbols, as sent` }),
  );
}

/** |h|² in dB over the subcarriers of a picture's first frame, and beneath it the bits of each. */
function drawGains(figure, { decibels, loads, bits, of }) {
  const width = 320,
    left = 26,
    height = 110,
    foot = loads ? 34 : 0;
  const top = 10 * Math.ceil(Math.max(...decibels) / 10);
  const bottom = Math.min(top - 20, 10 * Math.floor(Math.min(...decibels) / 10));
  const across = (place) => left + ((width - left) * place) / decibels.length;
  const down = (value) => 6 + ((height - 12) * (top - value)) / (top - bottom);
  const spacing = 10 * Math.ceil((top - bottom) / 50);
  const rules = [];
  for (let value = top; value >= bottom; value -= spacing) rules.push(value);
  const line = decibels.map(
    (value, place) => `${place ? "L" : "M"}${across(place)},${down(value)}`,
  );
  const most = Math.max(...(loads ?? []), 2);
  const bars = (loads ?? []).map(
    (load, place) => `M${across(place)},${height + foot}v${(-(foot - 6) * load) / most}`,
  );
  const label = (textContent, y) => {
    const made = svg("text", { x: left - 4, y: y + 3.5, "text-anchor": "end" });
    made.textContent = textContent;
    return made;
  };
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height + foot}`, role: "img" },
    svg("path", { class: "axes", d: rules.map((y) => `M${left},${down(y)}H${width}`).join("") }),
    svg("path", { class: "line", d: line.join("") }),
    svg("path", { class: "loads", d: bars.join("") }),
    ...rules.map((value) => label(value, down(value))),
    ...(loads ? [label(most, height + 6)] : []),
  );
  drawing.setAttribute("aria-label", "Gain over frequency");
  const carried = loads ? `; beneath, the bits of each, ${round(bits, 0)} in all` : "";
  figure.replaceChildren(
    drawing,
    element("figcaption", {
      textContent: `Gain |h|² in dB over ${round(of, 0)} subcarriers, first frame${carried}`,
    }),
  );
}

document.getElementById("thumbs").append(...data.sent.map(thumb));
document.getElementById("cards").append(...data.systems.map(card));
watchers.push(() => {
  show(document.getElementById("sent"), data.sent[state.image].picture);
  document.getElementById("name").textContent = data.sent[state.image].name;
});
