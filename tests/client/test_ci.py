"""The components of ci/: their steps run as they are written, with inputs that try to be more than text."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.checkout import PROJECT
from tests.client.conftest import User
from tests.faults.site import Site

INPUT = re.compile(r"\$(?:\{\{ inputs\.(\w+) \}\}|\[\[ inputs\.(\w+) \]\])")
ODD = ["it's $(touch hit).bin", 'a "b" `touch hit`.bin', "-rf ; touch hit.bin", "$HOME ${{ x }} é.bin"]


def filled(text: str, inputs: dict[str, str]) -> str:
    """A value of the component with its inputs in their places, as the runner puts them there."""
    return INPUT.sub(lambda match: inputs[match[1] or match[2]], text)


def github(inputs: dict[str, str], folder: Path) -> tuple[list[str], dict[str, str]]:
    """The step of the action: its command, which bash reads from a file, and its environment."""
    (step,) = yaml.safe_load((PROJECT / "ci/github/action.yml").read_text())["runs"]["steps"]
    assert "${{" not in step["run"], "an input in the script's text"
    here = str(PROJECT / "ci/github")
    (folder / "step.sh").write_text(step["run"])
    environ = {
        name: filled(text.replace("${{ github.action_path }}", here), inputs) for name, text in step["env"].items()
    }
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "step.sh"]
    return bash, {**environ, "GITHUB_OUTPUT": str(folder / "output")}


def gitlab(inputs: dict[str, str], folder: Path) -> tuple[list[str], dict[str, str]]:
    """The job of the component."""
    spec, jobs = yaml.safe_load_all((PROJECT / "ci/gitlab/publish.yml").read_text())
    (job,) = jobs.values()
    (script,) = job["script"]
    assert "$[[" not in script, "an input in the script's text"
    given = {name: rules.get("default", "") for name, rules in spec["spec"]["inputs"].items()}
    assert all(variable["expand"] is False for variable in job["variables"].values())
    environ = {name: filled(variable["value"], {**given, **inputs}) for name, variable in job["variables"].items()}
    (folder / "client").symlink_to(PROJECT / "client")
    return ["bash", "-eo", "pipefail", "-c", script], {**environ, "CI_PROJECT_DIR": str(folder)}


def packages(component: Any, folder: Path) -> list[dict[str, Any]]:
    """What the component gives to the steps after it."""
    if component is gitlab:
        found: list[dict[str, Any]] = json.loads((folder / "packages.json").read_text())
        return found
    name, _, rest = (folder / "output").read_text().partition("<<")
    end, _, content = rest.partition("\n")
    assert name == "packages"
    assert content.endswith(f"\n{end}\n")
    found = json.loads(content.removesuffix(f"\n{end}\n"))
    assert isinstance(found, list)
    return found


def run(component: Any, site: Site, user: User, **inputs: str) -> "subprocess.CompletedProcess[str]":
    """Run the component's step in the user's folder."""
    place = {"server": site.service.url, "token": site.tokens["publisher"]}
    given = {**place, "name": "", "version": "", "wait": "", **inputs}
    command, environ = component(given, user.folder)
    login = {"HOME": str(user.home), "PATH": os.environ["PATH"], "OPAMPKG_TOKEN": site.tokens["publisher"]}
    return subprocess.run(
        command, cwd=user.folder, env={**login, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("component", [github, gitlab])
def test_a_release(component: Any, site: Site, publisher: User, name: str) -> None:
    """Patterns, one a line; the packages are handed on as JSON."""
    for arch in ("amd64", "arm64"):
        publisher.file(f"dist/{name}_1.0.0_linux_{arch}.tar.gz")
    publisher.file(f"dist/{name}_1.0.0_windows_amd64.zip")
    ended = run(component, site, publisher, files="dist/*.tar.gz\n\ndist/*.zip\n")
    assert ended.returncode == 0, ended.stderr
    assert len(packages(component, publisher.folder)) == 3
    assert site.tokens["publisher"] not in ended.stdout + ended.stderr


@pytest.mark.parametrize("component", [github, gitlab])
@pytest.mark.parametrize("odd", ODD)
def test_hostile_inputs(component: Any, site: Site, publisher: User, name: str, odd: str) -> None:
    """A file's name, and a name and a version that are none, stay text: nothing of them is run."""
    publisher.file(odd)
    ended = run(component, site, publisher, files=odd, name=odd, version=f"1\n{odd}")
    assert ended.returncode == 2, ended.stderr
    assert "--platform, --arch" in ended.stderr
    assert [path.name for path in publisher.folder.rglob("hit*")] == []


@pytest.mark.parametrize("component", [github, gitlab])
def test_a_wait_that_cannot_be(component: Any, site: Site, publisher: User, name: str) -> None:
    """A share that is none ends the step with the command's exit code."""
    publisher.file(f"{name}_1.0.0_linux_amd64")
    ended = run(component, site, publisher, files=f"{name}*", wait="$(touch hit)")
    assert ended.returncode == 2
    assert "percentage" in ended.stderr
    assert not (publisher.folder / "hit").exists()
