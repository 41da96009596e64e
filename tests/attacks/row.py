"""A row of the table of attacks."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from tests.attacks.probes import Others

MIB = 1 << 20


@dataclass
class Row:
    """What was sent, how it was answered (statuses, or figures by name), what others saw meanwhile."""

    attack: str
    sent: str
    answered: dict[str, float] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)
    """p50 and p99 of each probe in seconds, failures, MiB more than before."""

    missed: list[str] = field(default_factory=list)
    """What should hold and does not."""

    def beside(self, others: Others) -> None:
        """Note what others saw."""
        for name in ("live", "list", "poll"):
            seen = getattr(others, name)
            self.others |= {f"{name} p50": round(seen.p50, 3), f"{name} p99": round(seen.p99, 3)}
        self.others["failures"] = others.live.failures + others.list.failures + others.poll.failures
        self.others["MiB"] = round(others.memory / MIB)

    def count(self, statuses: Iterable[int]) -> None:
        """Note how the attack was answered; what is noted again is added."""
        for status, number in sorted(Counter(statuses).items()):
            self.answered[str(status)] = self.answered.get(str(status), 0) + number

    def must(self, holds: bool, what: str) -> None:
        """Note `what` if it does not hold."""
        if not holds:
            self.missed.append(what)

    def must_serve(self, live: float, *names: str) -> None:
        """Others are all answered, /health/live (and the named) within so many seconds at p99."""
        self.must(self.others["failures"] == 0, "others are answered")
        for name in ("live", *names):
            self.must(self.others[f"{name} p99"] <= live, f"{name} p99 <= {live} s")

    def line(self) -> str:
        """The row as text."""
        seen = "  ".join(f"{name} {value:g}" for name, value in {**self.answered, **self.others}.items())
        return f"{self.attack:34} {self.sent:44} {seen}{'   MISSED: ' if self.missed else ''}{'; '.join(self.missed)}"

    def members(self) -> dict[str, object]:
        """The row as JSON."""
        return asdict(self)
