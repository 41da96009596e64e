// Checksum files: `checksums.txt`, `SHA256SUMS`, `*.sha256`. They are read, not uploaded, and files must fit them.

const CHECKSUM_FILE = /^((.*[._-])?(checksums?|sha256sums?)(\.txt)?|.*\.sha256(sum)?)$/i;
const GNU = /^\\?([0-9a-f]{64})[ \t]+[ *]?(.+)$/i;
const BSD = /^SHA256 \((.+)\) = ([0-9a-f]{64})$/i;
const ALONE = /^([0-9a-f]{64})$/i;
const LARGEST = 1 << 20;

// What a release has beside its packages, and what it is called.
const OTHERS = [
  ["checksums of another kind", /\.(sha1|sha512|md5|b2)(sum)?$|(^|[._-])(sha1|sha512|md5)sums?(\.txt)?$/i],
  ["software bills of materials", /\.(sbom|spdx|cdx|cyclonedx|bom)(\.(json|xml|ya?ml))?$|[._-](sbom|bom)\.(json|xml)$/i],
  ["signatures", /\.(sig|asc|sigstore(\.json)?|bundle|minisig|pem|crt|cert|p7s|att|intoto\.jsonl)$/i],
  ["GoReleaser’s own files", /^(artifacts|metadata)\.json$/],
];

export const isChecksumFile = (file) => CHECKSUM_FILE.test(file.name) && file.size <= LARGEST;

// What such a file is, if it is no package.
export const leftOutAs = (name) => OTHERS.find(([, form]) => form.test(name))?.[0];

// [name, digest] of each line; a digest alone is that of the file whose name stands before `.sha256`.
export function parsed(text, ownName) {
  return text.split(/\r?\n/).flatMap((line) => {
    const gnu = GNU.exec(line);
    if (gnu) return [[gnu[2].split("/").pop(), gnu[1].toLowerCase()]];
    const bsd = BSD.exec(line);
    if (bsd) return [[bsd[1].split("/").pop(), bsd[2].toLowerCase()]];
    const alone = ALONE.exec(line.trim());
    return alone ? [[ownName.replace(/\.sha256(sum)?$/i, ""), alone[1].toLowerCase()]] : [];
  });
}
