// Keeps an open page up to date. What comes from a run is only ever put in as text.
"use strict";
(() => {
  const place = document.querySelector("[data-events]");
  if (!place) return;
  const link = document.getElementById("link");
  const say = (text) => { if (link && link.textContent !== text) link.textContent = text; };
  const STATES = ["running", "stopping", "finished", "stopped", "broken"];

  const fill = (where, run) => {
    for (const spot of where.querySelectorAll("[data-field]")) {
      const text = run[spot.dataset.field];
      if (spot.textContent !== text) spot.textContent = text;
      if (spot.tagName === "P" && spot.dataset.field !== "outcome") spot.hidden = !text;
      if (spot.dataset.field === "says") {
        spot.classList.remove(...STATES);
        spot.classList.add(run.state);
      }
    }
    for (const spot of where.querySelectorAll("[data-shown]")) spot.hidden = !run[spot.dataset.shown];
  };

  const element = (name, ...children) => {
    const made = document.createElement(name);
    made.append(...children);
    return made;
  };

  const showList = (runs) => {
    const rows = new Map([...place.querySelectorAll("tr[data-run]")].map((row) => [row.dataset.run, row]));
    let unknown = 0;
    for (const run of runs) {
      const row = rows.get(run.id);
      if (row) fill(row, run);
      else unknown += 1;
    }
    const note = document.getElementById("new");
    if (note) note.hidden = unknown === 0;
    else if (unknown) location.reload();
  };

  let reports = null;
  const showOne = (detail) => {
    if (!detail) return;
    fill(place, detail.run);
    document.getElementById("figures").replaceChildren(
      ...Object.entries(detail.figures).map(([name, value]) => {
        const figure = element("div", element("dt", name), element("dd", value));
        if (value.length > 24) figure.className = "long";
        return figure;
      }));
    const table = document.getElementById("rows");
    table.hidden = detail.rows.length === 0;
    table.tBodies[0].replaceChildren(
      ...detail.rows.map((row) => element("tr", ...row.map((cell) => element("td", cell)))));
    const found = detail.reports.join(" ");
    if (reports !== null && reports !== found) location.reload(); // it has ended: its pages are there now
    reports = found;
  };

  const show = place.hasAttribute("data-list") ? showList : showOne;
  let source = null;
  const listen = () => {
    if (source || document.hidden) return;
    source = new EventSource(place.dataset.events);
    source.onmessage = (event) => { say("Updates by itself."); show(JSON.parse(event.data)); };
    source.onerror = () => say("The view does not answer; what is shown is what was last known.");
  };
  const rest = () => { if (source) source.close(); source = null; };
  // A browser opens few connections to one place; pages that nobody sees give theirs back.
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  window.addEventListener("pagehide", rest);
  listen();
})();
