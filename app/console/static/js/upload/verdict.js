// What becomes of a file is decided before a byte of it is sent: by the checksums that were dropped with it, by what
// is published at its coordinates, and by what is under way there.

import { WELL } from "./item.js";
import { begin } from "./sending.js";

export class Refusal extends Error {
  // `other`: {published}, the package, or {begun}, the unfinished upload, that has other bytes.
  constructor(message, other = {}) {
    super(message);
    this.other = other;
  }
}

export class Same extends Error {
  constructor(published) {
    super("");
    this.package = published;
  }
}

// Resolves where `item` may be sent. Throws Refusal, or Same if it is published already.
export async function judged(item, { sums, items, service }) {
  fitsChecksums(item, sums);
  goesOn(item);
  standsAlone(item, items);
  const published = await publishedAt(item, service);
  if (!published) return;
  if (item.digest ? published.checksum !== item.digest : published.file_size !== item.file.size) {
    const { version, platform, arch } = item.fields;
    const place = `${version} for ${platform}/${arch}`;
    throw new Refusal(`${place} is published with other bytes, and what is published never changes.`, { published });
  }
  // A damaged package takes its bytes again; whether it is intact the service says when an upload begins.
  if (item.digest && !item.uploadId && await begin(service, item)) throw new Same(published);
}

function goesOn({ begun, digest, file }) {
  const isOther = begun && (begun.length !== file.size || (digest && begun.checksum && begun.checksum !== digest));
  if (isOther) throw new Refusal("This is another file than the one that was being sent under this name.", { begun });
}

function fitsChecksums(item, sums) {
  const expected = sums.get(item.file.name);
  if (!expected) return;
  if (item.digest && item.digest !== expected.digest) throw new Refusal(`${expected.from} has another SHA-256 for this file.`);
  item.digest = expected.digest; // without WebAssembly the service compares
}

function standsAlone(item, items) {
  const twin = items.find((other) => other !== item && other.isHashed && other.coordinates === item.coordinates
    && (!other.isEnded || WELL.includes(other.state)));
  if (!twin || WELL.includes(twin.state)) return; // the service knows of it
  throw new Refusal(`${twin.path} in this list is for the same version, platform and architecture.`);
}

// The package at the coordinates; undefined where there is none.
export async function publishedAt({ fields }, service) {
  const { json } = await service.call("GET", `/packages?${new URLSearchParams({ ...fields, limit: "1" })}`);
  return json[0];
}
