"""How far a compilation by Go is: it names each package that it downloads or compiles, one on a line."""

import time

EVERY = 5.0
"""Seconds between two lines of progress."""


class Compilation:
    """Counts the lines of `go install -v` and tells the counts now and then."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.downloaded = 0
        self.compiled = 0
        self.began = self.told = time.monotonic()

    def line(self, text: str) -> None:
        """Take note of one line of go's output."""
        if text.startswith("go: downloading "):
            self.downloaded += 1
        elif not text.startswith("go: "):
            self.compiled += 1
        if time.monotonic() - self.told >= EVERY:
            self.tell()

    def tell(self) -> None:
        """Print the counts."""
        self.told = time.monotonic()
        minutes, seconds = divmod(int(self.told - self.began), 60)
        print(
            f"  {self.name}: {minutes}:{seconds:02d}, {self.downloaded} modules downloaded, "
            f"{self.compiled} packages compiled",
            flush=True,
        )
