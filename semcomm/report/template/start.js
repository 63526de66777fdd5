const slider = document.getElementById("slider");

/** Arrow keys move the slider from everywhere except where they have another meaning. */
function onKey(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (
    !step ||
    event.altKey ||
    event.ctrlKey ||
    event.metaKey ||
    event.target.closest("input, select, .table")
  )
    return;
  const at = state.at + step;
  if (at < 0 || at >= data.axis.values.length) return;
  event.preventDefault();
  change({ at });
}

if (slider) {
  slider.addEventListener("input", () => change({ at: Number(slider.value) }));
  document.addEventListener("keydown", onKey);
  watchers.push(() => {
    slider.value = state.at;
    slider.setAttribute("aria-valuetext", atLong());
    document.getElementById("at").textContent = atText();
    document.querySelectorAll("span.at").forEach((item) => {
      item.textContent = `at ${atLong()}`;
    });
  });
  document.getElementById("control").addEventListener("submit", (event) => event.preventDefault());
}

change({});
