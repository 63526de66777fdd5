"use strict";

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read("data");
const specifications = read("figures");
const state = { at: data.axis ? Math.floor(data.axis.values.length / 2) : 0, image: 0, system: 0 };
const watchers = [];

/** Change the state, and let every watcher show it. */
function change(values) {
  Object.assign(state, values);
  watchers.forEach((watch) => watch());
}

/** An element with properties and children; text is always text, never markup. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** The point of a system at the slider's position, or its only one if it is not on the axis. */
function pointOf(system) {
  return data.points.find(
    (point) => point.system === system && (point.at === null || point.at === state.at),
  );
}

function atText() {
  if (!data.axis) return "";
  const value = data.axis.values[state.at];
  const unit = data.axis.label.endsWith("(dB)") ? " dB" : "";
  return value === null ? "none" : `${value}${unit}`;
}

function atLong() {
  return data.axis ? `${data.axis.name} ${atText()}` : "";
}

const round = (value, digits) =>
  value === null
    ? "–"
    : value.toLocaleString("en-US", {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });

/** A value of a point, with half the width of its interval where it has one. */
function withInterval(point, name, digits) {
  const low = point[`${name}Low`],
    high = point[`${name}High`];
  return (
    round(point[name], digits) +
    (typeof low === "number" ? ` ± ${round((high - low) / 2, digits)}` : "")
  );
}

/** Download a text as a file of this name. */
function download(name, type, text) {
  const link = element("a", {
    href: URL.createObjectURL(new Blob([text], { type })),
    download: name,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function csv(rows) {
  const quoted = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const line = (values) =>
    values.map((value) => quoted(value === null ? "" : String(value))).join(",");
  if (!rows.length) return "";
  return [Object.keys(rows[0]), ...rows.map(Object.values)].map(line).join("\n") + "\n";
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
}

const OUTLINES = {
  circle: "M-3.5,0a3.5,3.5 0 1,0 7,0a3.5,3.5 0 1,0 -7,0",
  square: "M-3.2,-3.2h6.4v6.4h-6.4z",
  "triangle-up": "M0,-4L4,3.4H-4z",
  diamond: "M0,-4.4L3.6,0L0,4.4L-3.6,0z",
  "triangle-down": "M0,4L4,-3.4H-4z",
  cross: "M-1.3,-4h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7v-2.6h2.7z",
  "triangle-right": "M4,0L-3.4,4V-4z",
  "triangle-left": "M-4,0L3.4,4V-4z",
};

/** A sample of a line for legends: its colour, dashes and marker. */
function sample(style) {
  const line = { x1: 1, x2: 29, y1: 7, y2: 7, stroke: style.colour, "stroke-width": 2 };
  const dashes = style.dash[1] ? { "stroke-dasharray": style.dash.join(" ") } : {};
  const marker = { d: OUTLINES[style.shape], fill: style.colour, transform: "translate(15 7)" };
  return svg(
    "svg",
    { class: "sample", width: 30, height: 14, "aria-hidden": "true" },
    svg("line", { ...line, ...dashes }),
    svg("path", marker),
  );
}
