"""The documentation says what is: its keys, its links and its commands."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from click import Option

from app.config.load import SECTIONS
from app.config.sections import PROJECT
from app.factory import make_app
from tests.configuration import configuration
from tests.debian import base

GROUPS = ("users", "tokens", "storage", "signatures")
DOCUMENTS = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]


def test_every_key_is_documented() -> None:
    """docs/configuration.md has one row for each key of the configuration, in their order, and no other."""
    rows = re.findall(r"^\| `(\w+\.\w+)` \|", (PROJECT / "docs" / "configuration.md").read_text(), re.MULTILINE)
    assert rows == [f"{section}.{key}" for section, model in SECTIONS.items() for key in model.model_fields]


def test_documented_defaults() -> None:
    """They are those of config.yaml.example, which other tests hold to the code."""
    example = yaml.safe_load((PROJECT / "config.yaml.example").read_text())
    rows = re.findall(
        r"^\| `(\w+)\.(\w+)` \| `?([^|`]*)`? \|", (PROJECT / "docs" / "configuration.md").read_text(), re.MULTILINE
    )
    set_by_default = {(section, key): default for section, key, default in rows if example[section][key] is not None}
    assert len(set_by_default) > 20
    assert set_by_default == {place: as_written(example[place[0]][place[1]]) for place in set_by_default}


def as_written(value: object) -> str:
    """A value of YAML as it stands in the file."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every link to a file of the project leads to one."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_documented_scripts_exist() -> None:
    """Every script that the documentation tells to run is there, and can be run."""
    named = {name for document in DOCUMENTS for name in re.findall(r"\./([\w/-]+\.sh)", document.read_text())}
    assert [name for name in named if not (PROJECT / name).stat().st_mode & 0o100] == []


def test_every_command_is_documented() -> None:
    """docs/operations.md has one row for each command of the service, with its options, and no other."""
    rows = re.findall(r"^\| `(\w+ \w+)([^`]*)` \|", (PROJECT / "docs" / "operations.md").read_text(), re.MULTILINE)
    documented = {name: set(re.findall(r"--[\w-]+", rest)) for name, rest in rows}
    groups = {name: vars(make_app(configuration()).cli.commands[name])["commands"] for name in GROUPS}
    assert documented.pop("db upgrade") == set()
    assert documented == {
        f"{group} {name}": {option for each in command.params if isinstance(each, Option) for option in each.opts}
        for group, commands in groups.items()
        for name, command in commands.items()
    }


def test_documented_modules_exist() -> None:
    """Every module of the project that the documentation tells to run is there."""
    ours = r"python3? -m ((?:bench|dev|tests)[\w.]*\w)"
    named = {name for document in DOCUMENTS for name in re.findall(ours, document.read_text())}
    assert len(named) >= 4
    assert [name for name in sorted(named) if importlib.util.find_spec(name) is None] == []


def test_limits_name_their_tests() -> None:
    """Each row of docs/security.md on what one can use up names a test that is there."""
    table = (PROJECT / "docs" / "security.md").read_text().partition("### What one can use up")[2].split("\n\n")[2]
    rows = table.splitlines()[2:]
    named = [re.search(r"`(tests/[\w/]+\.py)::(\w+)", row) for row in rows]
    assert [row for row, name in zip(rows, named, strict=True) if not name or not is_test(*name.groups())] == []
    assert len(rows) > 10


def is_test(path: str, name: str) -> bool:
    """Whether the file has this test."""
    return f"def {name}(" in (PROJECT / path).read_text()


def test_pythons_in_readme() -> None:
    """README.md names the Pythons that the tests run on."""
    named = re.search(r"tested with ([^)]*)\)", (PROJECT / "README.md").read_text())
    assert named
    assert re.findall(r"\d+\.\d+", named[1]) == list(base.PYTHONS.values())


def test_pythons_of_scripts() -> None:
    """The scripts look for no Python that is older or newer than those that the tests run on."""
    named = re.findall(r"python(3\.\d+)", (PROJECT / "dev" / "python.sh").read_text())
    newest_first = list(base.PYTHONS.values())[::-1]
    assert (named[0], named[-1]) == (newest_first[0], newest_first[-1])


def test_architecture_names_what_is_there() -> None:
    """Each path in docs/ARCHITECTURE.md is one of the tree, and each room of app/ stands in its table."""
    text = (PROJECT / "docs" / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"`((?:app|migrations|dev|tests|deploy|docs)/[\w./]*|[\w.]+\.(?:py|example))`", text))
    assert [path for path in sorted(named) if not list(PROJECT.glob(path)) and not known_beside(path, text)] == []
    drawings = [part.split("```")[0] for part in text.split("```mermaid")[1:]]
    drawn = re.findall(r"\w+/[\w/]+\.py", " ".join(drawings))
    assert [path for path in drawn if not (PROJECT / "app" / path).exists()] == []
    rooms = {path for path in (PROJECT / "app").iterdir() if path.name not in ("__init__.py", "__pycache__")}
    table = set(re.findall(r"`(app/\w+(?:\.py|/))`", text.split("```mermaid")[0]))
    assert table == {f"app/{path.name}{'/' * path.is_dir()}" for path in rooms}


def known_beside(name: str, text: str) -> bool:
    """Whether a file that is named without its folder is in a folder that the text names."""
    return any((PROJECT / folder / name).exists() for folder in re.findall(r"`((?:app|dev)/[\w/]*/)`", text))
