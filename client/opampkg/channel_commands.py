"""`channel list`, `show`, `set`, `delete`."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from opampkg.api import Client
from opampkg.documents import channel_lines, document
from opampkg.errors import Conflict, NotFound, WrongUsage
from opampkg.models import Channel
from opampkg.run import Run

TRIES = 5
"""How often a change is made anew because somebody else was faster."""


def list_channels(run: Run) -> None:
    """All channels."""
    with run.client() as client:
        found = list(client.channels())
    run.show(document(found), *channel_lines(found))


def show(run: Run) -> None:
    """One channel."""
    with run.client() as client:
        found = client.channel(run.options.name)
    run.show(document(found), *channel_lines([found]))


def change(run: Run) -> None:
    """Change what the options name, and keep the rest of what the channel says."""
    versions = pairs(run.options.packages, "PACKAGE=VERSION")
    matches = {key: attribute(value) for key, value in pairs(run.options.match or [], "KEY=VALUE").items()}
    if not versions and not matches and run.options.description is None:
        raise WrongUsage("Give PACKAGE=VERSION, --match or --description: there is nothing to change.")
    with run.client() as client:
        for tries_left in reversed(range(TRIES)):
            wanted = merged(present(client, run.options.name), versions, matches, run.options.description)
            if run.is_dry:
                run.show(document(wanted), "Would set:", *channel_lines([wanted]))
                return
            try:
                done = client.set_channel(wanted)
            except Conflict as error:
                if not tries_left or error.status != 412:
                    raise
            else:
                break
    run.show(document(done), *channel_lines([done]))


def present(client: Client, name: str) -> Channel:
    """The channel as it is; one without anything if there is none."""
    try:
        return client.channel(name)
    except NotFound:
        return Channel(name)


def merged(channel: Channel, versions: dict[str, str], matches: dict[str, Any], description: str | None) -> Channel:
    """The channel with these changes. Packages keep their type and their place; new ones are top-level."""
    kept = [{**each, "version": versions.get(each["name"], each["version"])} for each in channel.packages]
    known = {each["name"] for each in kept}
    added = {name: version for name, version in versions.items() if name not in known}
    new = [{"name": name, "version": version, "type": "top_level"} for name, version in added.items()]
    return dataclasses.replace(
        channel,
        description=channel.description if description is None else description,
        match={**channel.match, **matches},
        packages=(*kept, *new),
    )


def pairs(texts: list[str], form: str) -> dict[str, str]:
    """The texts, each parted at its first `=`. Raises WrongUsage."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise WrongUsage(f"{text!r} is not of the form {form}.")
        found[name] = value
    return found


def attribute(text: str) -> Any:
    """An attribute's value: true, false and numbers are such, all else is text; "5" in quotes is text, too."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (str, bool, int, float)) else text


def delete(run: Run) -> None:
    """Remove a channel."""
    with run.client() as client:
        found = client.channel(run.options.name)
        if not run.is_dry:
            client.delete_channel(run.options.name)
    run.show(document(found), "Would delete:" if run.is_dry else "Deleted:", *channel_lines([found]))
