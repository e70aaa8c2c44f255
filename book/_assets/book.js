/* What the pages do beyond their theme. */
"use strict";

// On paper nothing stays folded and colours are the light ones, whatever the screen shows.
const undoAfterPrint = [];
window.addEventListener("beforeprint", () => {
  const { dataset } = document.documentElement, { theme } = dataset;
  dataset.theme = "light";
  undoAfterPrint.push(() => { dataset.theme = theme; });
  for (const folded of document.querySelectorAll(".bd-article details:not([open], .bf-table)")) {
    folded.open = true;
    undoAfterPrint.push(() => { folded.open = false; });
  }
});
window.addEventListener("afterprint", () => { while (undoAfterPrint.length) undoAfterPrint.pop()(); });

// The search fetches a summary from every page it has found; from a folder no browser lets it.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
