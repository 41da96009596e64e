"""Field types of the configuration's sections."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr

from app.config import texts
from app.config.faults import refused


class Section(BaseModel):
    """A section: strict types, no unknown key, never changed once read."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", validate_default=True)


def _nothing_is_empty(value: Any) -> Any:
    return "" if value is None else value


def _plain_secret(value: SecretStr) -> SecretStr:
    texts.plain(value.get_secret_value())
    return value


def _signing_key(value: SecretStr) -> SecretStr:
    texts.signing_key(value.get_secret_value())
    return value


def _whole_secret(value: Any) -> Any:
    """Without this, pydantic would quote the type it wants and not the type it got."""
    if value is not None and not isinstance(value, str | SecretStr):
        raise refused(f"a value of type {type(value).__name__} (not shown)")
    return value


Text = Annotated[str, AfterValidator(texts.plain)]
OptionalText = Annotated[Text, BeforeValidator(_nothing_is_empty)]
"""A text whose absence (null or empty) has a meaning."""

Secret = Annotated[
    SecretStr,
    AfterValidator(_plain_secret),
    BeforeValidator(_nothing_is_empty),
    BeforeValidator(_whole_secret),
]
"""A text that is never printed; empty where none is set."""

SigningKey = Annotated[Secret, AfterValidator(_signing_key)]
