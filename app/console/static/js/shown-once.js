// @ts-check
// A secret that is shown once: leaving the page asks, until it is said to be stored.

let isStored = false;
document.querySelector("[data-stored]")?.addEventListener("click", () => {
  isStored = true;
});
addEventListener("beforeunload", (event) => {
  if (!isStored) event.preventDefault();
});
