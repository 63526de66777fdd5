const coded = data.systems
  .map((_, number) => number)
  .filter((number) => data.points.some((point) => point.system === number && point.streams));

/** The bitstream of the chosen image and system; null if it is too large or was not simulated. */
function chosenStream() {
  const point = pointOf(state.system);
  if (!point || !point.streams || point.streams[state.image] === null) return null;
  const stream = data.streams[point.streams[state.image]],
    wrong = point.wrong[state.image];
  return {
    stream,
    code: data.codes[point.code],
    wrong: new Map(wrong[0].map((place, n) => [place, wrong[1][n]])),
  };
}

const places = (position) => document.querySelectorAll(`#code [data-position="${position}"]`);

/** Mark a position, its bits and its patch, and describe it. */
function point(position) {
  const now = chosenStream();
  document.querySelectorAll("#code .pointed").forEach((item) => item.classList.remove("pointed"));
  places(position).forEach((item) => item.classList.add("pointed"));
  const {
    stream: { shape, indices },
    code,
    wrong,
  } = now;
  const [rows, columns, groups] = shape;
  const group = position % groups,
    column = Math.floor(position / groups) % columns;
  const row = Math.floor(position / groups / columns);
  const index = indices[position],
    sum = code.counts.reduce((a, b) => a + b, 0);
  const subVector = groups > 1 ? `, sub-vector ${group + 1}` : "";
  const share = round((100 * code.counts[index]) / sum, 2);
  const readings = [
    `Row ${row + 1}, column ${column + 1}${subVector}: codeword ${index}`,
    `${code.words[index] || "no bits"}, ${code.words[index].length} bits`,
    `sent ${round(code.counts[index], 0)} times in the run, ${share} % of all`,
    ...(wrong.has(position) ? [`arrived as ${wrong.get(position)}`] : []),
  ];
  document
    .getElementById("readout")
    .replaceChildren(...readings.map((text) => element("span", { textContent: text })));
  const marker = document.getElementById("marker").style;
  const picture = data.pictures[data.sent[state.image].picture];
  const across = 100 / Math.max(columns, 1),
    down = 100 / Math.max(rows, 1);
  Object.assign(marker, {
    left: `${column * across}%`,
    top: `${row * down}%`,
    width: `${across}%`,
    height: `${down}%`,
  });
  marker.display = picture ? "block" : "none";
}

/** A tint for a codeword's length, between the shortest and the longest one. */
function tint(length, [shortest, longest]) {
  return longest > shortest ? (length - shortest) / (longest - shortest) : 0.5;
}

function range(code) {
  const lengths = code.words.filter((_, index) => code.counts[index]).map((word) => word.length);
  return [Math.min(...lengths), Math.max(...lengths)];
}

function grid(group, { stream, code, wrong }) {
  const [rows, columns, groups] = stream.shape,
    ends = range(code);
  const cells = Array.from({ length: rows * columns }, (_, place) => {
    const position = place * groups + group,
      index = stream.indices[position];
    const cell = element("button", { type: "button", textContent: index });
    cell.dataset.position = position;
    cell.style.setProperty("--tint", tint(code.words[index].length, ends));
    cell.classList.toggle("wrong", wrong.has(position));
    cell.classList.toggle("deep", tint(code.words[index].length, ends) > 0.55);
    return cell;
  });
  const made = element("div", { className: columns > 16 ? "grid dense" : "grid" }, ...cells);
  made.style.setProperty("--columns", columns);
  return element(
    "div",
    {},
    ...(groups > 1 ? [element("h4", { textContent: `Sub-vector ${group + 1}` })] : []),
    made,
  );
}

/** Each frame: header, codewords, filling, check. */
function bits({ stream, code }) {
  let position = 0;
  return stream.frames.map((frame) => {
    const parts = [part("header", frame.bits.slice(0, frame.payload))];
    let start = frame.payload;
    for (let count = 0; count < frame.indices; count += 1, position += 1) {
      const end = start + code.words[stream.indices[position]].length;
      const word = part("word", frame.bits.slice(start, end));
      word.dataset.position = position;
      parts.push(word);
      start = end;
    }
    parts.push(part("check", frame.bits.slice(frame.filling, frame.crc)));
    parts.push(part("check", frame.bits.slice(frame.crc)));
    return element("p", {}, ...parts.filter((item) => item.textContent));
  });
}

const part = (className, textContent) => element("span", { className, textContent });

function streamAbout({ stream }) {
  const sum = (of) => stream.frames.reduce((total, frame) => total + of(frame), 0);
  const header = sum((frame) => frame.payload),
    check = sum((frame) => frame.bits.length - frame.crc);
  const payload = sum((frame) => frame.filling - frame.payload),
    filling = sum((frame) => frame.crc - frame.filling),
    frames = stream.frames.length;
  return (
    `${round(
      sum((frame) => frame.bits.length),
      0,
    )} bits in ${frames} frame${frames > 1 ? "s" : ""}: ` +
    `${header} of headers, ${payload} of ${stream.indices.length} codewords, ` +
    (filling ? `${filling} of filling, ` : "") +
    `${check} of checks (CRC).`
  );
}

function wordRows({ stream, code }) {
  const here = new Map();
  stream.indices.forEach((index) => here.set(index, (here.get(index) ?? 0) + 1));
  const sum = code.counts.reduce((a, b) => a + b, 0);
  return code.words
    .map((word, index) => ({
      index,
      codeword: word,
      bits: word.length,
      sent: code.counts[index],
      share: code.counts[index] / sum,
      share_in_training: code.probabilities[index],
      in_this_image: here.get(index) ?? 0,
    }))
    .sort((a, b) => b.sent - a.sent || a.index - b.index);
}

function wordLine(row, most) {
  const cells = [
    row.index,
    row.codeword,
    row.bits,
    round(row.sent, 0),
    `${round(100 * row.share, 2)} %`,
    `${round(100 * row.share_in_training, 2)} %`,
    row.in_this_image || "",
  ];
  const made = element(
    "tr",
    { className: row.in_this_image ? "here" : "" },
    ...cells.map((text) => element("td", { textContent: text })),
  );
  made.children[4].style.setProperty("--share", row.share / most);
  return made;
}

function drawCode() {
  const now = chosenStream();
  document.querySelectorAll("#code > :not(h2, .choice)").forEach((item) => {
    item.hidden = !now;
  });
  document.getElementById("no-code").hidden = Boolean(now);
  if (!now) return;
  show(document.getElementById("patch"), data.sent[state.image].picture);
  document
    .getElementById("grids")
    .replaceChildren(
      ...Array.from({ length: now.stream.shape[2] }, (_, group) => grid(group, now)),
    );
  const ends = range(now.code);
  document
    .getElementById("lengths")
    .replaceChildren(
      element("span", { textContent: `${ends[0]} bits` }),
      element("i"),
      element("span", { textContent: `${ends[1]} bits per codeword` }),
    );
  document.getElementById("stream-about").textContent = streamAbout(now);
  document.getElementById("bits").replaceChildren(...bits(now));
  const rows = wordRows(now);
  document
    .querySelector("#words tbody")
    .replaceChildren(...rows.map((row) => wordLine(row, rows[0].share)));
  point(0);
}

function startCode() {
  const choice = document.getElementById("system");
  choice.append(
    ...coded.map((number) =>
      element("option", { value: number, textContent: data.systems[number].label }),
    ),
  );
  choice.addEventListener("change", () => change({ system: Number(choice.value) }));
  state.system = coded[0];
  document.getElementById("code").hidden = false;
  for (const event of ["pointerover", "focusin", "click"]) {
    document.getElementById("code").addEventListener(event, ({ target }) => {
      if (target.dataset.position !== undefined) point(Number(target.dataset.position));
    });
  }
  document.getElementById("words-csv").addEventListener("click", () => {
    const now = chosenStream();
    if (now) download("codewords.csv", "text/csv", csv(wordRows(now)));
  });
  watchers.push(drawCode);
}

if (coded.length) startCode();
