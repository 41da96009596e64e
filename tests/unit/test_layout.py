"""The layout of app/: its import contracts leave no feature out, its files are small, few lie about."""

from configparser import ConfigParser

from app.config.sections import PROJECT

APP = PROJECT / "app"


def test_every_feature_has_its_layers() -> None:
    """Each folder with handlers is held to the layers of features."""
    contracts = ConfigParser()
    contracts.read(PROJECT / ".importlinter")
    held = set(contracts["importlinter:contract:features"]["containers"].split())
    assert {f"app.{path.parent.name}" for path in APP.glob("*/*handlers.py")} - held == set()


def test_no_file_is_large() -> None:
    """None has more than 250 lines."""
    lines = {path: len(path.read_text().splitlines()) for path in APP.rglob("*.py")}
    assert {str(path): count for path, count in lines.items() if count > 250} == {}


def test_few_files_are_loose() -> None:
    """At most eight are in no room."""
    assert len(list(APP.glob("*.py"))) <= 8
