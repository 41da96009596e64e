// Sizes, speed and time left as text.

const WINDOW = 10_000; // milliseconds over which the speed is taken
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

function scaled(bytes, like = bytes) {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, like)) / 3));
  return [(bytes / 1000 ** unit).toFixed(unit > 0 ? 1 : 0), UNITS[unit]];
}

export const size = (bytes) => scaled(bytes).join(" ");

// "57.2 of 91.7 MB"
export const part = (bytes, whole) => `${scaled(bytes, whole)[0]} of ${size(whole)}`;

export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

export function left(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `about ${count(Math.max(1, Math.round(seconds)), "second")} left`;
  if (seconds < 5400) return `about ${count(Math.round(seconds / 60), "minute")} left`;
  return `about ${count(Math.round(seconds / 3600), "hour")} left`;
}

export class Meter {
  #samples = [];

  add(bytes) {
    const now = performance.now();
    const last = this.#samples.at(-1);
    if (last && now - last.at < 200) last.bytes += bytes;
    else this.#samples.push({ at: now, bytes });
  }

  // Bytes a second; 0 while nothing is known.
  get speed() {
    const now = performance.now();
    while (this.#samples.length && now - this.#samples[0].at > WINDOW) this.#samples.shift();
    if (!this.#samples.length) return 0;
    const bytes = this.#samples.reduce((sum, sample) => sum + sample.bytes, 0);
    return bytes / Math.max(1, (now - this.#samples[0].at) / 1000);
  }
}
