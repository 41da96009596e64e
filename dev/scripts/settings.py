"""The configuration that start-dev.sh runs the service with: the user's own, and what was started for it."""

import copy
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from app.config import Config, load
from app.config.files import read_file
from app.config.load import FILE_VARIABLE, PREFIX, SECTIONS
from dev.checkout import PROJECT, STATE
from dev.parts.files import write_private
from dev.scripts.secrets_file import Secrets

CONFIG = STATE / "config.yaml"
HEADER = "# Written by start-dev.sh at every start. Put your own settings into config.yaml beside wsgi.py.\n"

Sections = dict[str, dict[str, Any]]


@dataclass
class Settings:
    """`own` is what the user's file says; `changes` is what this start decides in place of it."""

    own: Sections
    changes: Sections = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Settings":
        """The settings of config.yaml, or of the file that OPAMP_PACKAGES_CONFIG names. Raises ConfigError."""
        given = os.environ.get(FILE_VARIABLE)
        # What a start wrote says what that start decided: exported for flask, it is not the user's own.
        if not given or Path(given).resolve() == CONFIG:
            given = PROJECT / "config.yaml" if (PROJECT / "config.yaml").exists() else None
        return cls(read_file(Path(given)) if given else {})

    def gives(self, section: str, key: str) -> bool:
        """Whether the user set this key, in the file or in the environment."""
        return bool(os.environ.get(variable(section, key)) or self.own.get(section, {}).get(key))

    def gives_any(self, section: str, keys: Iterable[str]) -> bool:
        """Whether the user set one of these keys."""
        return any(self.gives(section, key) for key in keys)

    def differs(self, section: str, keys: Iterable[str]) -> bool:
        """Whether the user set one of these keys to something else than its default."""
        model = SECTIONS[section].model_fields
        own = self.own.get(section, {})
        in_environment = any(os.environ.get(variable(section, key)) for key in keys)
        return in_environment or any(own.get(key) not in (None, "", model[key].default) for key in keys)

    def fill_secrets(self, secrets: Secrets) -> None:
        """Put our own where the user set none and the service needs one."""
        if not self.gives("jwt", "secret_key"):
            self.decide("jwt", secret_key=secrets.jwt_key)
        if not (self.gives("minio", "access_key") and self.gives("minio", "secret_key")):
            self.decide("minio", access_key=secrets.minio_access_key, secret_key=secrets.minio_secret_key)

    def decide(self, section: str, **keys: object) -> None:
        """Set keys in place of what the user has there."""
        self.changes.setdefault(section, {}).update(keys)

    def apply(self) -> Config:
        """Write CONFIG, make it what every program that we start reads, and load it. Raises ConfigError.

        Variables that would undo what was decided leave our environment.
        """
        sections = copy.deepcopy(self.own)
        for section, keys in self.changes.items():
            sections.setdefault(section, {}).update(keys)
            for key in keys:
                os.environ.pop(variable(section, key), None)
        write_private(CONFIG, HEADER + yaml.safe_dump(sections, sort_keys=False, allow_unicode=True))
        os.environ[FILE_VARIABLE] = str(CONFIG)
        return load(CONFIG)


def variable(section: str, key: str) -> str:
    """The environment variable of a key."""
    return f"{PREFIX}{section}__{key}".upper()
