"""The form of a channel's editor: rows of repeated fields, and the JSON body that they stand for."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from marshmallow import Schema, fields, validate

from app.channels.models import TYPES
from app.channels.schemas import MAX_PACKAGES
from app.console.forms import form_pairs, loaded
from app.console.policy_form import policy_of, policy_shown
from app.errors import Invalid
from app.http import json_body
from app.http.responses import json_bytes
from app.packages.versions import LATEST

KINDS = ("text", "number", "truth")
"""What an attribute's value may be: JSON knows three kinds, a form's field only text."""

ROLLOUTS = ("off", "safe", "own")
"""What the form says of roll-outs: none, the policy that `{}` is, or one of its own as JSON."""

TRUTHS = {"true": True, "false": False}
INTEGER = re.compile(r"-?[0-9]{1,16}", re.ASCII)

SINGLE = ("name", "description", "rollout", "policy", "etag", "plan", "confirm", "do")
MATCH_LISTS = ("match.key", "match.value", "match.kind")
LISTS = (*MATCH_LISTS, "packages.name", "packages.version", "packages.type", "packages.more")

MAX_FIELDS = 4 * MAX_PACKAGES + 1000
"""Of the form: four for each package that a channel may have, and what other forms may have besides."""

LIMIT = 2 * json_body.LIMIT
"""Bytes of the form: what the API takes as JSON, with the names of its fields."""


def _texts(name: str) -> fields.List[str]:
    return fields.List(fields.String(), data_key=name, load_default=list)


class ChannelForm(Schema):
    """The editor's fields. `etag`: of the channel that was opened; `plan`: of the plan that was shown."""

    name = fields.String(load_default="")
    description = fields.String(load_default="")
    keys = _texts("match.key")
    values = _texts("match.value")
    kinds = _texts("match.kind")
    names = _texts("packages.name")
    versions = _texts("packages.version")
    types = _texts("packages.type")
    more = _texts("packages.more")
    rollout = fields.String(load_default="", validate=validate.OneOf(("", *ROLLOUTS)))
    policy = fields.String(load_default="")
    etag = fields.String(load_default="")
    plan = fields.String(load_default="")
    confirm = fields.String(load_default="")
    do = fields.String(load_default="")


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A row of `match`."""

    key: str = ""
    value: str = ""
    kind: str = KINDS[0]


@dataclass(frozen=True, slots=True)
class PackageRow:
    """A row of `packages`. `more`: as JSON, what the API knows of it besides and the editor only carries along."""

    name: str = ""
    version: str = LATEST
    type: str = TYPES[0]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A channel as it stands in the editor; `etag` is that of the channel it began with, empty for a new one.

    `rollout` is one of ROLLOUTS, empty where the form says nothing of it; `policy` is the JSON of `own`.
    """

    name: str = ""
    description: str = ""
    match: tuple[MatchRow, ...] = ()
    packages: tuple[PackageRow, ...] = ()
    rollout: str = ""
    policy: str = ""
    etag: str = ""
    plan: str = field(default="", repr=False)
    confirm: str = ""
    do: str = ""

    @classmethod
    def submitted(cls) -> "Draft":
        """What the form holds; rows without a name are left out, as a browser sends those that nobody filled in.

        Raises Invalid if it is no form of the editor's.
        """
        form = loaded(ChannelForm, form_pairs(LIMIT, MAX_FIELDS), lists=LISTS)
        matches = _rows(MatchRow, _stripped(form["keys"]), form["values"], form["kinds"])
        packages = _rows(PackageRow, _stripped(form["names"]), _stripped(form["versions"]), form["types"], form["more"])
        single = {name: form[name] for name in SINGLE}
        return cls(match=matches, packages=packages, **single).edited()

    @classmethod
    def of(cls, channel: Any, etag: str) -> "Draft":
        """A channel as it is."""
        matches = tuple(MatchRow(key, *_shown(value)) for key, value in channel.match.items())
        packages = tuple(map(_package_row, channel.packages))
        chosen, policy = policy_shown(channel.rollout)
        return cls(channel.name, channel.description, matches, packages, chosen, policy, etag)

    def edited(self) -> "Draft":
        """As the button that was pressed, `do`, has it: without script rows come and go this way."""
        what, _, place = self.do.partition(" ")
        match what:
            case "add-match":
                return replace(self, match=(*self.match, MatchRow()))
            case "add-package":
                return replace(self, packages=(*self.packages, PackageRow()))
            case "drop-match":
                return replace(self, match=_without(self.match, place))
            case "drop-package":
                return replace(self, packages=_without(self.packages, place))
        return self

    def renewed(self, etag: str) -> "Draft":
        """The same, to be saved over what has this entity tag."""
        return replace(self, etag=etag, plan="", confirm="")

    @property
    def digest(self) -> str:
        """Of the name and the body: a plan that was shown is that of just these."""
        content = {"name": self.name, "match": list(map(_cells, self.match_rows)), "description": self.description}
        content["packages"] = list(map(_cells, self.package_rows))
        content["rollout"] = [self.rollout, self.policy if self.rollout == "own" else ""]
        return hashlib.sha256(json_bytes(content)).hexdigest()[:32]

    @property
    def match_rows(self) -> tuple[MatchRow, ...]:
        """Those that say something."""
        return tuple(row for row in self.match if row.key or row.value)

    @property
    def package_rows(self) -> tuple[PackageRow, ...]:
        """Those that say something."""
        return tuple(row for row in self.packages if row.name)

    def body(self) -> dict[str, Any]:
        """The body of a PUT. Raises Invalid for what JSON would have no name for: a repeated key, a wrong number."""
        match: dict[str, Any] = {}
        for row in self.match_rows:
            if row.key in match:
                raise Invalid({f"match.{row.key}": ["Must not be repeated."]})
            match[row.key] = _value(row)
        packages = [
            {**_carried(row.more), "name": row.name, "version": row.version, "type": row.type}
            for row in self.package_rows
        ]
        body = {"description": self.description, "match": match, "packages": packages}
        return {**body, "rollout": policy_of(self.rollout, self.policy)} if self.rollout else body


def _rows(row: Any, *columns: Sequence[str]) -> Any:
    if len({len(column) for column in columns}) > 1:
        raise Invalid({"_schema": ["Each row must have all of its fields."]})
    return tuple(row(*cells) for cells in zip(*columns, strict=True))


def _stripped(texts: Sequence[str]) -> list[str]:
    return [text.strip() for text in texts]


def _without(rows: tuple[Any, ...], place: str) -> tuple[Any, ...]:
    return tuple(row for number, row in enumerate(rows) if str(number) != place)


def _cells(row: MatchRow | PackageRow) -> list[str]:
    return [getattr(row, name) for name in row.__slots__]


def _package_row(member: Mapping[str, Any]) -> PackageRow:
    others = {name: value for name, value in member.items() if name not in ("name", "version", "type")}
    more = json.dumps(others, sort_keys=True) if others else ""
    return PackageRow(member["name"], member["version"], member["type"], more)


def _carried(more: str) -> dict[str, Any]:
    try:
        others = json.loads(more or "{}")
    except ValueError as error:
        raise Invalid({"packages": ["Is not what the editor had sent."]}) from error
    return others if isinstance(others, dict) else {}


def _shown(value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return str(value).lower(), "truth"
    return str(value), "text" if isinstance(value, str) else "number"


def _value(row: MatchRow) -> str | bool | float:
    if row.kind == "truth":
        if row.value not in TRUTHS:
            raise Invalid({f"match.{row.key}": ["Must be true or false."]})
        return TRUTHS[row.value]
    return _number(row) if row.kind == "number" else row.value


def _number(row: MatchRow) -> float:
    try:
        return int(row.value) if INTEGER.fullmatch(row.value) else float(row.value)
    except ValueError as error:
        raise Invalid({f"match.{row.key}": ["Must be a number."]}) from error
