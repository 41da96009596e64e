// Drop zone of a page. What talks to the service comes with the page where that is for uploads, else when somebody goes
// for it; the queue comes with the first file: most visits need none.

import { chosen, dropped } from "./files.js";

const settings = JSON.parse(document.getElementById("upload-settings").textContent);
const section = document.querySelector("[data-uploads]");
const inputs = section.querySelectorAll("input[type=file]");
let reading = null;
let loading = null;

// {service, unfinished}: the service's API, and what the caller has not finished there.
function read() {
  reading ??= import("./unfinished.js").then(({ unfinishedOf }) => unfinishedOf(section, settings));
  return reading;
}

async function queue() {
  const parts = await read();
  const { uploading } = await import("./uploads.js");
  return uploading({ section, settings, ...parts });
}

async function take(found) {
  loading ??= queue();
  try {
    (await loading)(await found);
  } catch (error) {
    reading = null;
    loading = null;
    section.querySelector("[data-is=stale]").hidden = false;
    throw error;
  }
}

// Who goes for it and gives up, or is without a network now, is told once a file comes.
const expect = () => read().catch(() => { reading = null; });

const choose = () => inputs[0].click();
section.addEventListener("choose-files", choose);
document.querySelectorAll("[data-choose-files]").forEach((anchor) => anchor.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose();
}));
inputs.forEach((input) => {
  input.addEventListener("click", expect);
  input.addEventListener("change", () => {
    take(chosen(input.files));
    input.value = ""; // the same file may be chosen again
  });
});

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0;
function hover(change) {
  depth = change === null ? 0 : depth + change;
  section.toggleAttribute("data-over", depth > 0);
}
addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  hover(1);
  expect();
});
addEventListener("dragleave", (event) => hasFiles(event) && hover(-1));
addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  hover(null);
  take(dropped(event.dataTransfer));
});

section.toggleAttribute("data-ready", true);
if (section.dataset.uploads !== "later") expect();
