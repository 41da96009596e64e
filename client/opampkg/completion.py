"""Completion scripts for bash, zsh and fish, made from the parser itself."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from typing import Any

BASH = """_opampkg() {{
    local words="$(_opampkg_words "${{COMP_WORDS[1]-}}" "${{COMP_WORDS[2]-}}")"
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
_opampkg_words() {{
    case "$1 $2" in
{cases}
        *) echo {commands} ;;
    esac
}}
complete -o default -F _opampkg opampkg
"""
ZSH = "#compdef opampkg\nautoload -Uz bashcompinit && bashcompinit\n"


def run(run: Any) -> None:
    """Print the script; it needs no server."""
    from opampkg.arguments import parser  # noqa: PLC0415 - which names this function

    commands = {" ".join(path): made for path, made in walked(parser(), ())}
    shell = run.options.shell
    sys.stdout.write(fish(commands) if shell == "fish" else (ZSH if shell == "zsh" else "") + bash(commands))


def walked(made: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command's parser by its words."""
    yield path, made
    for name, below in subcommands(made).items():
        yield from walked(below, (*path, name))


def subcommands(made: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands right below a parser."""
    found = [action.choices for action in made._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    return dict(found[0]) if found else {}


def words(made: argparse.ArgumentParser) -> list[str]:
    """What may follow: commands, options, choices."""
    options = [
        name
        for action in made._actions  # noqa: SLF001 - argparse has no other way to ask
        for name in action.option_strings
        if name.startswith("--") and action.help is not argparse.SUPPRESS
    ]
    choices = [
        str(choice)
        for action in made._actions  # noqa: SLF001
        if not action.option_strings and action.choices and not isinstance(action, argparse._SubParsersAction)  # noqa: SLF001
        for choice in action.choices
    ]
    return [*subcommands(made), *choices, *options]


def bash(commands: dict[str, Any]) -> str:
    """For bash, and by its own bashcompinit for zsh."""
    longest_first = sorted((path for path in commands if path), key=lambda path: (-path.count(" "), path))
    cases = []
    for path in longest_first:
        pattern = f'"{path}"' if " " in path else f'"{path} "*'
        cases.append(f"        {pattern}) echo {shlex.join(words(commands[path]))} ;;")
    return BASH.format(cases="\n".join(cases), commands=shlex.join(words(commands[""])))


def fish(commands: dict[str, Any]) -> str:
    """For fish."""
    lines = []
    for path, made in commands.items():
        before = path.split()
        condition = " && ".join(f"__fish_seen_subcommand_from {word}" for word in before) or "__fish_use_subcommand"
        for word in words(made):
            what = f"-l {word[2:]}" if word.startswith("--") else f"-f -a {shlex.quote(word)}"
            lines.append(f"complete -c opampkg -n {shlex.quote(condition)} {what}")
    return "\n".join(lines) + "\n"
