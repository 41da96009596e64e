// SHA-256 of files in a worker. No module: its own response header alone allows WebAssembly, and hash-wasm is none.

importScripts("../../vendor/sha256.umd.min.js");

const BUFFER = 4 << 20; // bytes that are read and hashed at once
const TOLD = 16 << 20; // bytes between two words of progress

// One buffer is read into again and again: slices of their own are freed so late that half a GB of file takes as much
// of the tab.
async function digest(file) {
  const sha256 = await hashwasm.createSHA256();
  sha256.init();
  if (file.size <= BUFFER) {
    sha256.update(new Uint8Array(await file.arrayBuffer()));
    return sha256.digest("hex");
  }
  const reader = file.stream().getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(BUFFER);
  let hashed = 0;
  let told = 0;
  // Chromium does not always answer the read behind the last byte.
  while (hashed < file.size) {
    const { value, done } = await reader.read(new Uint8Array(buffer));
    if (done) break;
    sha256.update(value);
    buffer = value.buffer;
    hashed += value.length;
    if (hashed - told >= TOLD) {
      told = hashed;
      postMessage({ hashed });
    }
  }
  return sha256.digest("hex");
}

onmessage = async ({ data: file }) => {
  try {
    postMessage({ digest: await digest(file) });
  } catch (error) {
    postMessage({ failed: error.name });
  }
};
