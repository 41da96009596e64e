// One file of the upload queue: its state, and what is known of it.

import { Meter } from "./figures.js";

export const ENDED = ["published", "same", "refused", "failed", "cancelled"];
export const WELL = ["published", "same"];
const LEAVING_LOSES = ["hashing", "waiting", "sending", "retrying"];

export class Item {
  state = "needs-fields";
  digest = null;
  isHashed = false;
  isJudged = false;
  hashed = 0; // bytes
  sent = 0; // bytes
  kept = 0; // bytes that the service has
  uploadId = null;
  package = null;
  problem = null;
  remark = "";
  again = 0; // when it is tried again, by performance.now()
  hurry = null; // tries at once
  other = {}; // {published} or {begun}: what it was refused for
  begun = null; // the unfinished upload of a file of this name
  meter = new Meter();
  control = new AbortController();

  constructor(file, path, fields, asks) {
    Object.assign(this, { file, path, fields, asks });
  }

  get isEnded() {
    return ENDED.includes(this.state);
  }

  get isBusy() {
    return LEAVING_LOSES.includes(this.state) || (this.state === "paused" && this.sent > 0);
  }

  get coordinates() {
    return Object.values(this.fields).join("/");
  }

  told(bytes) {
    if (bytes > this.sent) this.meter.add(bytes - this.sent);
    this.sent = bytes;
  }

  // End what is going on, for `reason`.
  abort(reason) {
    this.control.abort(reason);
    this.control = new AbortController();
  }
}
