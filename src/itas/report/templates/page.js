// Draws the charts, those in sight first, shows what the pointer is on, and copies text.
"use strict";
(() => {
  const tip = document.getElementById("tip");

  const showTip = (_handler, event, _item, value) => {
    if (!value) {
      tip.hidden = true;
      return;
    }
    tip.replaceChildren();
    for (const [name, text] of Object.entries(value)) {
      const term = document.createElement("dt");
      const what = document.createElement("dd");
      term.textContent = name;
      what.textContent = String(text);
      tip.append(term, what);
    }
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const room = document.documentElement.clientWidth;
    const beside = event.clientX + 16 + box.width > room ? event.clientX - box.width - 12 : event.clientX + 16;
    const below = event.clientY + 16 + box.height > window.innerHeight ? event.clientY - box.height - 12 : event.clientY + 16;
    tip.style.left = `${Math.max(4, beside)}px`;
    tip.style.top = `${Math.max(4, below)}px`;
  };

  const draw = async (place) => {
    const spec = JSON.parse(place.nextElementSibling.textContent);
    const options = {
      ast: true, actions: false, defaultStyle: false, mode: "vega-lite", renderer: "svg", tooltip: showTip,
    };
    try {
      await window.vegaEmbed(place, spec, options);
      place.dataset.state = "drawn";
    } catch (problem) {
      place.dataset.state = "failed";
      place.textContent = "This chart could not be drawn. The table below has its figures.";
      console.error(problem);
    }
  };

  // What is in sight is drawn at once, the others when there is nothing else to do.
  const later = (work, isInSight) => {
    if (isInSight || !window.requestIdleCallback) requestAnimationFrame(work);
    else window.requestIdleCallback(work, { timeout: 3000 });
  };

  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      if (contentRect.width > 0 && !target.dataset.state) {
        target.dataset.state = "drawing";
        later(() => draw(target), target.getBoundingClientRect().top < window.innerHeight);
      }
    }
  });
  for (const place of document.querySelectorAll(".chart")) sizes.observe(place);
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

  const copy = async (text, place) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(place);
      window.getSelection().removeAllRanges();
      window.getSelection().addRange(range);
      return false;
    }
  };
  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const place = document.getElementById(button.dataset.copies);
      const is_copied = await copy(place.textContent, place);
      button.textContent = is_copied ? "Copied" : "Selected: press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
})();
