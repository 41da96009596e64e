"""What the document says of fields beyond apispec: patterns of ECMA-262, named vocabularies, answers in full."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields

VOCABULARY = "vocabulary"
"""A field's metadata under this name is the component of the document that lists its values."""


class AnswerSchema(Schema):
    """The JSON of an answer, which has all of its fields: clients need not ask whether one is there."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002 - marshmallow's
        """Every field is required."""
        field_obj.required = True


def vocabulary(names: Iterable[str], description: str) -> dict[str, Any]:
    """The component of a vocabulary."""
    return {"type": "string", "enum": sorted(names), "description": description}


def in_vocabulary(_converter: Any, field: fields.Field[Any], ret: dict[str, Any], **_options: Any) -> Mapping[str, Any]:
    """An attribute function of apispec's: a field with a vocabulary refers to it."""
    name = field.metadata.get(VOCABULARY)
    if name is None:
        return {}
    ret.pop("type", None)
    return reference(name)


def reference(name: str) -> dict[str, Any]:
    """A schema that is a component; not bare, since what stands beside a bare `$ref` does not count."""
    return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}


def ecma_pattern(_converter: Any, _field: fields.Field[Any], ret: dict[str, Any], **_options: Any) -> Mapping[str, Any]:
    r"""An attribute function of apispec's: marshmallow matches from the start, and `\Z` is Python's alone."""
    pattern = ret.get("pattern", "")
    return {"pattern": re.sub(r"(.*)\\Z", r"^(?:\1)$", pattern)} if pattern.endswith(r"\Z") else {}
