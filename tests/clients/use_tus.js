// Upload a file with tus-js-client: URL, file, name. NODE_PATH leads to it; the token is in TOKEN.
const fs = require("node:fs");
const tus = require("tus-js-client");

const [url, file, name] = process.argv.slice(2);
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint: `${url}/api/v1/uploads`,
  uploadSize: fs.statSync(file).size,
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
  metadata: { name, version: "1.0.0", platform: "linux", arch: "amd64", filename: "agent.bin" },
  retryDelays: Array(40).fill(10),
  chunkSize: 16 << 20,
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
});
upload.start();
