"""The form of a policy's editor: globs and claims by the line, signers as repeated fields, and the JSON of a PUT."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from marshmallow import Schema
from marshmallow import fields as plain

from app.console.forms import form_pairs, loaded
from app.errors import Invalid
from app.http import json_body
from app.http.responses import json_bytes
from app.signatures.models import WARN
from app.signatures.policy_schemas import KEY, KINDS, SIGSTORE
from app.trust.sigstore_root import PUBLIC

GITHUB = "https://token.actions.githubusercontent.com"
"""What a new Sigstore signer's issuer begins with."""

LIMIT = 2 * json_body.LIMIT
"""Bytes of the form: what the API takes as JSON, with the names of its fields."""

SINGLE = ("name", "description", "packages", "mode", "etag", "plan", "do")


@dataclass(frozen=True, slots=True)
class SignerRow:
    """A signer; empty is absent. `claims`: a line `name = glob` each. `root`: `public`, or a TrustedRoot as JSON."""

    name: str = ""
    kind: str = KEY
    issuer: str = ""
    subject: str = ""
    claims: str = ""
    root: str = ""
    key: str = ""
    predicate_type: str = ""
    until: str = ""

    @classmethod
    def of(cls, signer: Mapping[str, Any]) -> "SignerRow":
        """A signer as it is stored."""
        texts = {name: text for name, text in signer.items() if name not in ("claims", "root")}
        claims = "\n".join(f"{name} = {glob}" for name, glob in signer.get("claims", {}).items())
        root = signer.get("root", "")
        return cls(**texts, claims=claims, root=root if isinstance(root, str) else json.dumps(root, sort_keys=True))

    def body(self, number: int) -> dict[str, Any]:
        """The signer in the body of a PUT. Raises Invalid for claims and a root that cannot be read."""
        body: dict[str, Any] = {name: text for name, text in asdict(self).items() if text}
        if self.claims:
            body["claims"] = _claims(self.claims, number)
        if self.root and self.root != PUBLIC:
            body["root"] = _root(self.root, number)
        return body


MEMBERS = tuple(each.name for each in fields(SignerRow))
LISTS = tuple(f"signers.{name}" for name in MEMBERS)

_FIELDS: dict[str, plain.Field[Any]] = {
    **{name: plain.String(load_default="") for name in SINGLE},
    **{f"signer_{name}": plain.List(plain.String(), data_key=f"signers.{name}", load_default=list) for name in MEMBERS},
}


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """A policy as it stands in the editor. `etag`: of the one that was opened; `plan`: of the plan that was shown."""

    name: str = ""
    description: str = ""
    packages: str = ""
    mode: str = WARN
    signers: tuple[SignerRow, ...] = ()
    etag: str = ""
    plan: str = ""
    do: str = ""

    @classmethod
    def submitted(cls) -> "PolicyDraft":
        """What the form holds. Raises Invalid if it is no form of the editor's."""
        form = loaded(_FORM, form_pairs(LIMIT), lists=LISTS)
        columns = [form[f"signer_{name}"] for name in MEMBERS]
        if len({len(column) for column in columns}) > 1:
            raise Invalid({"_schema": ["Each signer must have all of its fields."]})
        signers = tuple(SignerRow(*map(str.strip, cells)) for cells in zip(*columns, strict=True))
        return cls(signers=signers, **{name: form[name] for name in SINGLE}).edited()

    @classmethod
    def of(cls, policy: Any, etag: str) -> "PolicyDraft":
        """A policy as it is."""
        signers = tuple(map(SignerRow.of, policy.signers))
        return cls(policy.name, policy.description, "\n".join(policy.packages), policy.mode, signers, etag)

    def edited(self) -> "PolicyDraft":
        """As the button that was pressed, `do`, has it: signers come and go this way."""
        what, _, place = self.do.partition(" ")
        if what == "add" and place in KINDS:
            new = SignerRow(kind=place, issuer=GITHUB if place == SIGSTORE else "")
            return replace(self, signers=(*self.signers, new))
        if what == "drop":
            return replace(self, signers=tuple(row for at, row in enumerate(self.signers) if str(at) != place))
        return self

    def renewed(self, etag: str) -> "PolicyDraft":
        """The same, to be saved over what has this entity tag."""
        return replace(self, etag=etag)

    @property
    def digest(self) -> str:
        """Of all that is saved: a plan that was shown is that of just this."""
        content = {name: value for name, value in asdict(self).items() if name not in ("etag", "plan", "do")}
        return hashlib.sha256(json_bytes(content)).hexdigest()[:32]

    def body(self) -> dict[str, Any]:
        """The body of a PUT. Raises Invalid."""
        signers = [row.body(number) for number, row in enumerate(self.signers)]
        globs = [line.strip() for line in self.packages.split("\n") if line.strip()]
        return {"description": self.description, "packages": globs, "mode": self.mode, "signers": signers}


_FORM = type("PolicyForm", (Schema,), _FIELDS)


def _claims(text: str, number: int) -> dict[str, str]:
    claims: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        name, equals, glob = (part.strip() for part in line.partition("="))
        if not equals or name in claims:
            raise Invalid({f"signers.{number}.claims": [f"{line}: write NAME = GLOB, each name once."]})
        claims[name] = glob
    return claims


def _root(text: str, number: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid({f"signers.{number}.root": [f"Must be {PUBLIC}, or a TrustedRoot as JSON."]}) from error
