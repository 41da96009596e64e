"""What an image consists of, as CycloneDX 1.5: python -m dev.supply_chain.sbom [--root FOLDER] > sbom.json.

Python's packages come from their own metadata, those of Debian from dpkg's list. Without --root it is this
environment. Nothing is looked up anywhere.
"""

import argparse
import datetime as dt
import hashlib
import importlib.metadata
import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Component = dict[str, Any]


def main() -> int:
    """Print the document."""
    parser = argparse.ArgumentParser(prog="python -m dev.supply_chain.sbom", description=__doc__)
    parser.add_argument("--root", type=Path, help="the image's root folder, unpacked or mounted")
    root = parser.parse_args().root
    json.dump(document(list(components(root))), sys.stdout, indent=1)
    print()
    return 0


def components(root: Path | None) -> Iterator[Component]:
    """All packages below `root`; those of this environment and this system for None."""
    folders = [str(folder) for folder in root.rglob("site-packages")] if root else sys.path
    seen = set()
    for distribution in importlib.metadata.distributions(path=folders):
        component = of_python(distribution.metadata)
        if component["purl"] not in seen:
            seen.add(component["purl"])
            yield component
    status = (root or Path("/")) / "var/lib/dpkg/status"
    if status.exists():
        yield from of_debian(status.read_text(encoding="utf-8"))


def of_python(metadata: Any) -> Component:
    """A Python distribution."""
    name, version = metadata["Name"], metadata["Version"]
    component = {"type": "library", "name": name, "version": version}
    component["purl"] = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    licence = metadata.get("License-Expression") or metadata.get("License")
    if licence and len(licence) < 100:
        component["licenses"] = [{"license": {"name": licence}}]
    return component


def of_debian(status: str) -> Iterator[Component]:
    """The installed packages of dpkg's status file."""
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            name, version, arch = fields["Package"], fields["Version"], fields["Architecture"]
            yield {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:deb/debian/{name}@{version}?arch={arch}",
            }


def document(found: list[Component]) -> dict[str, Any]:
    """The components as one document; its serial number is their own, so that equal images have equal ones."""
    found.sort(key=lambda component: component["purl"])
    digest = hashlib.sha256("\n".join(component["purl"] for component in found).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.UUID(digest[:32])}",
        "version": 1,
        "metadata": {
            "timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "component": {"type": "container", "name": "opamp-packages"},
        },
        "components": found,
    }


if __name__ == "__main__":
    sys.exit(main())
