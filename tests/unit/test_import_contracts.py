"""The import contracts leave no feature out."""

from configparser import ConfigParser

from app.config.sections import PROJECT


def test_every_feature_has_its_layers() -> None:
    """Each folder with handlers is held to the layers of features."""
    contracts = ConfigParser()
    contracts.read(PROJECT / ".importlinter")
    held = set(contracts["importlinter:contract:features"]["containers"].split())
    assert {f"app.{path.parent.name}" for path in (PROJECT / "app").glob("*/*handlers.py")} - held == set()
