"use strict";
(() => {
  const { charts, datasets } = JSON.parse(document.getElementById("charts").textContent);
  const AXES = ["dtype", "layout", "threads"];
  const views = new Map();

  const chosen = (article) =>
    Object.fromEntries([...article.querySelectorAll("select")].map((select) => [select.name, select.value]));

  const filterTable = (article, choice) => {
    const at = AXES.map((axis) => choice[axis]).join(" ");
    let shown = 0;
    for (const row of article.querySelectorAll("tbody tr[data-at]")) {
      row.hidden = row.dataset.at !== at;
      shown += !row.hidden;
    }
    return shown;
  };

  const apply = async (article) => {
    const name = article.querySelector("[data-chart]")?.dataset.chart;
    const choice = chosen(article);
    const shown = filterTable(article, choice);
    const words = AXES.map((axis) => choice[axis]).join(", ");
    article.querySelector("output").textContent = shown ? "" : `${words} was not measured here.`;
    const view = views.get(name);
    if (view) {
      for (const axis of AXES) view.signal(axis, choice[axis]);
      await view.runAsync();
    }
  };

  const enliven = async (place) => {
    const name = place.dataset.chart;
    const { spec, dataset, fluid } = charts[name];
    const live = { ...spec };
    if (fluid) Object.assign(live, { width: "container", autosize: { type: "fit-x", contains: "padding" } });
    const { fields, rows } = datasets[dataset];
    const named = (row) => Object.fromEntries(fields.map((field, index) => [field, row[index]]));
    live.datasets = { [dataset]: rows.map(named) };
    const stage = document.createElement("div");
    stage.className = "stage";
    stage.ariaHidden = "true"; // the place around it says what it is, the table every number
    place.append(stage);
    const { view } = await window.vegaEmbed(stage, live, { renderer: "svg", actions: false });
    place.querySelector(":scope > svg").remove();
    place.classList.add("live");
    views.set(name, view);
    const article = place.closest("article");
    if (article.querySelector(".choices")) await apply(article);
  };

  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        watcher.unobserve(target);
        enliven(target);
      }
    }
  }, { rootMargin: "800px 0px" });

  for (const place of document.querySelectorAll("[data-chart]")) watcher.observe(place);
  for (const form of document.querySelectorAll(".choices")) {
    form.hidden = false;
    form.addEventListener("change", () => apply(form.closest("article")));
    apply(form.closest("article"));
  }
  const reveal = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = row?.closest("details");
    if (details && !details.open) {
      details.open = true;
      row.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
  reveal();

  const unpack = async (link) => {
    const packed = Uint8Array.from(atob(link.href.split(",")[1]), (letter) => letter.charCodeAt(0));
    const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    link.href = URL.createObjectURL(await new Response(plain).blob());
    link.download = link.download.replace(/\.gz$/, "");
  };
  if ("DecompressionStream" in window) document.querySelectorAll("#data a[download]").forEach(unpack);

  document.documentElement.classList.add("scripted");
})();
