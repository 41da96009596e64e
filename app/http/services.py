"""Service locator: the running application's instance of a class, for handlers and commands.

app.wiring makes the instances and puts them here, so that nothing below it needs to import it: who calls `get` names
the class that it wants, and imports that alone.
"""

from collections.abc import Iterable
from typing import TypeVar, cast

from flask import Flask, current_app

EXTENSION = "opamp-packages-services"

Kind = TypeVar("Kind")


def install(app: Flask, instances: Iterable[object]) -> None:
    """Let `get` find each of `instances` by its class, in requests and commands of `app`."""
    app.extensions[EXTENSION] = {type(instance): instance for instance in instances}


def get(kind: type[Kind]) -> Kind:
    """The application's instance of `kind`. Raises KeyError if app.wiring made none."""
    return cast("Kind", current_app.extensions[EXTENSION][kind])
