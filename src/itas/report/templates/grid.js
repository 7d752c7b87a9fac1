// The problems of an evaluation, a page of rows at a time: filter, search, sort. Everything is put in as text.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("grid-data").textContent);
  const many = data.names.length;
  const size = 25;
  const body = document.querySelector("#grid tbody");
  const state = { filter: "all", words: "", sort: "flips", page: 0 };
  const right = (cell) => cell[0] !== null && cell[0] >= 0.5;
  const judged = (cell) => cell[5] ?? [];

  const facts = data.rows.map((row, number) => {
    const cells = row[2];
    const scores = cells.map((cell) => cell[0]).filter((score) => score !== null);
    const spread = scores.length > 1 ? Math.max(...scores) - Math.min(...scores) : 0;
    const sum = (place) => cells.reduce((total, cell) => total + (cell[place] ?? 0), 0);
    return { row, cells, number, spread, price: sum(2), seconds: sum(3),
      score: scores.length ? scores.reduce((a, b) => a + b, 0) / scores.length : -1,
      // A right and B wrong before B right and A wrong: what the first has over the second.
      lead: cells.length > 1 && cells[0][0] !== null && cells[1][0] !== null ? cells[0][0] - cells[1][0] : 0,
      text: "" };
  });
  const textOf = (each) => {
    if (!each.text) each.text = [each.row[0], each.row[1], ...each.cells.flatMap((c) => [c[1], c[4], ...judged(c).flatMap((d) => [d[1], d[2], d[3]])])].join("\n").toLowerCase();
    return each.text;
  };

  const filters = {
    all: () => true,
    differ: (each) => each.spread > 0,
    right: (each) => each.cells.every(right),
    wrong: (each) => each.cells.every((cell) => cell[0] !== null && !right(cell)),
    unscored: (each) => each.cells.some((cell) => cell[0] === null),
  };
  const better = (a, b) => (each) => each.cells[a][0] !== null && each.cells[b][0] !== null && each.cells[a][0] > each.cells[b][0];
  const sorts = {
    flips: (a, b) => b.spread - a.spread || b.lead - a.lead || a.number - b.number,
    order: (a, b) => a.number - b.number,
    low: (a, b) => a.score - b.score || a.number - b.number,
    price: (a, b) => b.price - a.price || a.number - b.number,
    seconds: (a, b) => b.seconds - a.seconds || a.number - b.number,
  };

  const make = (tag, text, kind) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };
  const under = (text) => make("span", text, "under");
  const usd = (value) => value === null ? "unpriced" : value === 0 ? "$0" : `$${value < 0.01 ? value.toPrecision(2) : value.toFixed(2)}`;
  const isGraded = data.rows.some((row) => row[2].some((cell) => cell[0] !== null && cell[0] !== 0 && cell[0] !== 1));
  const say = (score) => isGraded ? (100 * score).toFixed(1) : score === 1 ? "right" : "wrong";

  const cellOf = (cell) => {
    const place = make("td", undefined, cell[0] === null ? "none" : right(cell) ? "right" : "wrong");
    place.append(cell[0] === null ? "no score" : `${right(cell) ? "\u2713" : "\u2717"} ${say(cell[0])}`);
    if (cell[1]) place.append(under(cell[1]));
    if (judged(cell).length) place.append(under(`judge: ${judged(cell).map((each) => each[1]).join(", ")}`));
    if (cell[3] !== null) place.append(under(`${usd(cell[2])} \u00b7 ${cell[3].toFixed(1)} s`));
    return place;
  };
  const answersOf = (each) => {
    const place = make("td", undefined, "said-by");
    const known = each.cells.map((cell, number) => [number, cell]).filter(([, cell]) => cell[4] || judged(cell).length);
    if (!known.length) return place;
    const details = make("details");
    details.append(make("summary", (many > 1 ? "Answers" : "Answer") + (known.some(([, cell]) => judged(cell).length) ? " and verdicts" : "")));
    const box = (text, label) => {
      const said = make("div", text, "said");
      said.tabIndex = 0;
      said.setAttribute("role", "group");
      said.setAttribute("aria-label", label);
      details.append(said);
    };
    details.addEventListener("toggle", () => {
      if (!details.open || details.children.length > 1) return;
      for (const [number, cell] of known) {
        if (many > 1) details.append(make("p", data.names[number], "small quiet"));
        if (cell[4]) box(cell[4], `Answer of ${data.names[number]}`);
        for (const [value, verdict, who, reply] of judged(cell)) {
          details.append(make("p", `Verdict ${verdict}${value === null ? "" : `, worth ${say(value)}`} (${who})`, "small quiet"));
          if (reply) box(reply, `Verdict on ${data.names[number]}`);
        }
      }
    });
    place.append(details);
    return place;
  };

  let found = [];
  const choose = () => {
    const words = state.words.toLowerCase();
    const [kind, a, b] = state.filter.split(":");
    const test = kind === "better" ? better(Number(a), Number(b)) : filters[kind];
    found = facts.filter((each) => test(each) && (!words || textOf(each).includes(words))).sort(sorts[state.sort]);
    state.page = 0;
    show();
  };
  const status = document.getElementById("grid-status");
  const [previous, next] = ["grid-previous", "grid-next"].map((id) => document.getElementById(id));
  const show = () => {
    const start = state.page * size;
    const rows = found.slice(start, start + size).map((each) => {
      const row = make("tr");
      const head = make("th", each.row[0]);
      head.scope = "row";
      if (each.row[1]) head.append(under(each.row[1]));
      row.append(head, ...each.cells.map(cellOf), answersOf(each));
      return row;
    });
    body.replaceChildren(...rows);
    const last = Math.min(start + size, found.length);
    status.textContent = found.length
      ? `${(start + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${found.length.toLocaleString("en")}`
        + (found.length < facts.length ? ` found among ${facts.length.toLocaleString("en")}` : "")
      : "Nothing found";
    previous.disabled = state.page === 0;
    next.disabled = last >= found.length;
  };
  previous.addEventListener("click", () => { state.page -= 1; show(); });
  next.addEventListener("click", () => { state.page += 1; show(); });
  for (const [id, name] of [["grid-filter", "filter"], ["grid-sort", "sort"]]) {
    document.getElementById(id).addEventListener("change", (event) => { state[name] = event.target.value; choose(); });
  }
  let waiting;
  document.getElementById("grid-words").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.words = event.target.value.trim(); choose(); }, 120);
  });
  document.getElementById("grid").hidden = false;
  choose();
})();
