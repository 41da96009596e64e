// @ts-check
// Times: <time datetime> in UTC is shown relative to now; its title has the local time and UTC.

const STEPS = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([
  ["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60],
]);
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const A_MINUTE = 60_000;

/** @param {Date} time @param {number} now milliseconds */
export function relative(time, now = Date.now()) {
  const seconds = (time.getTime() - now) / 1000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return RELATIVE.format(Math.trunc(seconds / length), unit);
  }
  return seconds > 0 ? "in less than a minute" : "just now";
}

/** @param {ParentNode} within */
export function showTimes(within) {
  for (const element of within.querySelectorAll("time[datetime]:not([data-exact])")) {
    const time = new Date(/** @type {HTMLTimeElement} */ (element).dateTime);
    const utc = `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    element.textContent = relative(time);
    element.setAttribute("title", `${LOCAL.format(time)} · ${utc}`);
  }
}

setInterval(() => showTimes(document), A_MINUTE);
document.addEventListener("htmx:afterSettle", (event) => showTimes(/** @type {Element} */ (event.target)));
