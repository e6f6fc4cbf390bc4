"use strict";
for (const viewer of document.querySelectorAll("figure.viewer")) {
  const { positions, frames } = JSON.parse(viewer.querySelector("script").textContent);
  const slider = viewer.querySelector("input[type=range]");
  const groups = [...viewer.querySelectorAll(".group")];
  const choices = [...viewer.querySelectorAll("input[type=radio]")];
  const output = viewer.querySelector("output");

  function show() {
    const at = Number(slider.value);
    output.textContent = positions[at];
    slider.setAttribute("aria-valuetext", positions[at]);
    groups.forEach((group, g) => {
      group.querySelectorAll("svg").forEach((svg, p) => {
        const frame = frames[g][p][at];
        svg.setAttribute("aria-label", `${svg.dataset.title}, ${positions[at]}`);
        svg.querySelectorAll("[data-frame]").forEach((shape, i) => {
          if (shape.tagName === "path") {
            shape.setAttribute("d", frame[i]);
          } else {
            ["href", "x", "y", "width", "height"].forEach((name, j) => shape.setAttribute(name, frame[j]));
          }
        });
      });
    });
  }

  function choose() {
    const chosen = choices.findIndex((choice) => choice.checked);
    groups.forEach((group, g) => { group.hidden = choices.length > 0 && g !== chosen; });
  }

  choices.forEach((choice) => choice.addEventListener("change", choose));
  slider.addEventListener("input", show);
  viewer.querySelectorAll("fieldset.fields").forEach((set) => { set.hidden = false; });
  viewer.querySelector(".slider").hidden = positions.length < 2;
  choose();
  show();
}
