"""Paths of packages' files, made of their coordinates."""

from urllib.parse import quote


def file_path(name: str, version: str, platform: str, arch: str, file_name: str) -> str:
    """The path of the file below the public URL: stable, and its last part is the real file name."""
    # None of the parts has a slash.
    return f"/api/v1/packages/{quote(f'{name}/{version}/{platform}/{arch}/{file_name}')}"
