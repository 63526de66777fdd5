const HEAT = [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]];
const WORST = 64;

/** How an error of 0 to 255 is coloured. */
function heat(error) {
  const place = (Math.min(error, WORST) / WORST) * (HEAT.length - 1);
  const low = Math.min(Math.floor(place), HEAT.length - 2);
  return HEAT[low].map((from, channel) => Math.round(from + (place - low) * (HEAT[low + 1][channel] - from)));
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

/** Draw how far each received pixel is from the sent one: the mean difference of its three values. */
async function drawErrors(canvas, sent, received) {
  const picture = data.pictures[sent];
  const key = `${sent} ${received}`;
  canvas.dataset.key = key;
  const [from, to] = await Promise.all([pixels(sent), pixels(received)]);
  if (canvas.dataset.key !== key) return; // another picture was asked for since
  Object.assign(canvas, { width: picture.width, height: picture.height });
  const map = new ImageData(picture.width, picture.height);
  for (let place = 0; place < from.length; place += 4) {
    const [red, green, blue] = [0, 1, 2].map((channel) => Math.abs(from[place + channel] - to[place + channel]));
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
  const values = element("dl", {});
  const made = element("article", { className: "card" }, element("h3", {}, sample(system.style), system.label), pair, values);
  watchers.push(() => {
    const point = pointOf(number);
    made.classList.toggle("absent", !point);
    pair.hidden = !point;
    if (!point) return values.replaceChildren(element("p", { textContent: "Not simulated here." }));
    const sent = data.sent[state.image].picture, first = point.first[state.image];
    const whole = ["width", "height"].every((side) => data.pictures[sent][side] === data.pictures[first.picture][side]);
    show(image, first.picture);
    errors.hidden = !whole; // the size was lost on the way
    if (whole) drawErrors(errors, sent, first.picture);
    values.replaceChildren(...figuresOf(first));
  });
  return made;
}

function figuresOf(first) {
  const damage = element("span", { className: first.damaged ? "damaged" : "intact" }, first.damaged ? "damaged" : "intact");
  const rows = [["PSNR", `${round(first.psnr_db, 2)} dB`], ["Bits", round(first.bits, 0)],
    ["Channel uses", round(first.channel_uses, 0)], ["Arrived", damage]];
  return rows.map(([key, value]) =>
    element("div", {}, element("dt", { textContent: key }), element("dd", {}, value)));
}

document.getElementById("thumbs").append(...data.sent.map(thumb));
document.getElementById("cards").append(...data.systems.map(card));
watchers.push(() => {
  show(document.getElementById("sent"), data.sent[state.image].picture);
  document.getElementById("name").textContent = data.sent[state.image].name;
});
