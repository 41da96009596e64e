"""Many files at once: two are sent at a time, the list folds, and what the page does at once stays small."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.console.uploads.page import MINUTES, UploadPage, eventually

Release = Callable[..., Path]

FILES = 200
AT_ONCE = 40
"""Rows that may be drawn in one task: 200 in one keep a page from answering for some tenths of a second."""

LONGEST = float(os.environ.get("OPAMP_TEST_LONGEST_TASK", "inf"))
"""Milliseconds that a task of the page may take; on a machine that does nothing else 100 hold."""

WATCH = """
Object.assign(window, { sending: 0, most: 0, held: [], isHeld: true, drawn: 0, longest: 0 });
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
  sending += 1;
  most = Math.max(most, sending);
  this.addEventListener("readystatechange", () => { sending -= this.readyState === XMLHttpRequest.DONE; });
  if (isHeld) held.push(() => send.call(this, body));
  else send.call(this, body);
};
window.letGo = () => {
  isHeld = false;
  held.splice(0).forEach((begin) => begin());
};
const known = new WeakSet();
new MutationObserver((records) => {
  const nodes = records.flatMap(({ addedNodes }) => [...addedNodes]);
  const rows = nodes.filter((node) => node.dataset?.upload && !known.has(node));
  rows.forEach((row) => known.add(row));
  drawn = Math.max(drawn, new Set(rows).size);
}).observe(document.querySelector("[data-uploads]"), { childList: true, subtree: true });
new PerformanceObserver((list) => list.getEntries().forEach((task) => { longest = Math.max(longest, task.duration); }))
  .observe({ entryTypes: ["longtask"] });
"""


def test_two_hundred(page: UploadPage, release: Release) -> None:
    """Of 200 files two are sent at a time, the others stand in a fold, and 40 rows are drawn at once at most."""
    files = [release(f"many-{number}_1.0.0_linux_amd64.tar.gz", 1000) for number in range(FILES)]
    script = page.browser.script
    script(WATCH)
    page.choose(*files)
    eventually(lambda: sorted(page.states.values()) == ["sending"] * 2 + ["waiting"] * (FILES - 2), MINUTES)
    assert script("return held.length") == 2
    assert script("return document.querySelectorAll('[data-list] > [data-upload]').length") < 20
    script("letGo()")
    eventually(lambda: set(page.states.values()) == {"published"}, MINUTES)
    assert script("return most") == 2
    assert 0 < script("return drawn") <= AT_ONCE
    assert script("return longest") <= LONGEST
