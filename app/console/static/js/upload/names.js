// File name parser: a package's name, version, platform and architecture out of names such as those of GoReleaser,
// Prometheus, deb and rpm. The vocabulary comes from the service, with the page.

export const FIELDS = ["name", "version", "platform", "arch"];

const EXTENSION = /\.(tar\.(gz|xz|zst|bz2)|tgz|txz|zip|gz|xz|zst|deb|rpm|msi|pkg|exe|jar|apk)$/i;
const OF_FORMAT = {
  deb: { platform: "linux" }, rpm: { platform: "linux" }, msi: { platform: "windows" }, exe: { platform: "windows" },
  jar: { arch: "any" },
};
const DISTRIBUTION = ["deb", "rpm"];
// Names that the service takes, but that say less or more than the one they become: two files could mean it.
const VAGUE = /^(arm32|armhf|armv[5-7]\w*|arm[5-7]|all|universal2?)$/i;
const UNKNOWN_TO_SERVICE = ["armv5", "armv7hl", "arm5", "arm6", "arm7", "universal", "universal2"];
const SUGGESTED = [[/^arm/i, "arm"], [/^(all|universal2?)$/i, "any"]];
const VERSION = /(?<=^|[_.-])v?(\d+(?:\.\d+)+)/i;
const PRERELEASE = /^[-~](alpha|beta|rc|pre|preview|dev|snapshot|nightly|next|canary|\d)/i;

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function anyOf(words) {
  const longestFirst = words.sort((one, other) => other.length - one.length).map(escaped).join("|");
  return new RegExp(`(?<=^|[_.-])(?:${longestFirst})(?=$|[_.-])`, "gi");
}

function occurrences(text, words) {
  return [...text.matchAll(words)].map((match) => ({ word: match[0], at: match.index }));
}

export class Names {
  // `platforms` and `arches`: canonical names by each name that the service takes, in lower case.
  constructor({ platforms, arches }) {
    this.vocabulary = { platform: platforms, arch: arches };
    this.words = { platform: anyOf(Object.keys(platforms)), arch: anyOf([...Object.keys(arches), ...UNKNOWN_TO_SERVICE]) };
  }

  // {fields, asks}: what the name says, and for each field that is to be asked for the reason, "" where the name has
  // none; what is only likely stands in `fields`, too.
  read(fileName) {
    const format = (EXTENSION.exec(fileName)?.[1] ?? "").toLowerCase();
    const stem = fileName.replace(EXTENSION, "");
    const version = VERSION.exec(stem);
    const ends = version ? version.index + version[0].length : 0;
    const found = {};
    const asks = {};
    const fields = { name: "", version: "", platform: "", arch: "" };
    for (const field of ["arch", "platform"]) {
      const all = occurrences(stem, this.words[field]);
      const behind = all.filter(({ at }) => at >= ends);
      found[field] = behind.length || OF_FORMAT[format]?.[field] ? behind : all;
      fields[field] = this.#chosen(field, found[field], format, asks);
    }
    const first = Math.min(stem.length, ...Object.values(found).flat().map(({ at }) => at));
    if (version) {
      fields.version = versionOf(stem.slice(version.index), found, version, format, asks);
      fields.name = stem.slice(0, Math.min(version.index, first));
    } else {
      asks.version = "";
      fields.name = stem.slice(0, first);
    }
    fields.name = fields.name.replace(/[_.-]+$/, "");
    if (!fields.name) asks.name = "";
    return { fields, asks };
  }

  #chosen(field, found, format, asks) {
    const what = field === "arch" ? "architecture" : "platform";
    const words = found.map(({ word }) => word);
    const names = new Set(words.map((word) => this.vocabulary[field][word.toLowerCase()] ?? word));
    const implied = OF_FORMAT[format]?.[field];
    const last = words.at(-1);
    if (last === undefined) {
      if (!implied) asks[field] = "";
      return implied ?? "";
    }
    if (VAGUE.test(last) && !(DISTRIBUTION.includes(format) && this.vocabulary[field][last.toLowerCase()])) {
      asks[field] = `“${last}” may be more than one ${what}.`;
      return SUGGESTED.find(([form]) => form.test(last))?.[1] ?? "";
    }
    const name = this.vocabulary[field][last.toLowerCase()];
    if (names.size > 1) asks[field] = `The file’s name has more than one ${what}: ${words.join(", ")}.`;
    else if (implied && implied !== name) asks[field] = `.${format} is for ${implied}, the name says ${last}.`;
    return name;
  }
}

// What follows the numbers up to `_` or the platform: a pre-release belongs to the version, another word is asked about.
function versionOf(text, found, match, format, asks) {
  const offset = match.index;
  const numbers = match[1];
  const words = Object.values(found).flat().map(({ at }) => at - offset - 1).filter((at) => at >= match[0].length);
  const rest = text.slice(match[0].length, Math.min(text.length, ...words)).split("_")[0].replace(/[_.-]+$/, "");
  if (!rest) return numbers;
  if (DISTRIBUTION.includes(format)) return numbers + rest.split("-")[0];
  if (/^\+/.test(rest) || PRERELEASE.test(rest)) return numbers + rest;
  asks.version = `“${rest.replace(/^[-.~]/, "")}” may belong to the version or not.`;
  return numbers;
}
