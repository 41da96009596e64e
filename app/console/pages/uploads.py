"""Upload page: files and folders, dropped or chosen."""

from dataclasses import dataclass

from flask import Response
from marshmallow import Schema

from app.accounts.roles import Role
from app.console import session
from app.console.blueprint import page
from app.console.forms import query_fields
from app.console.links import public
from app.console.rendering import render
from app.console.views.uploads import uploads
from app.packages import fields

COMMAND = """curl -fsS --retry 5 -T "$FILE" \\
  -H "Authorization: Bearer $TOKEN" \\
  "{url}/api/v1/packages/{name}/{version}/{platform}/{arch}/$(basename "$FILE")\""""
EXAMPLE = {"name": "NAME", "version": "VERSION", "platform": "linux", "arch": "amd64"}


class PresetQuery(Schema):
    """What is known of the files, whatever they are called: a hole of the matrix leads here with it."""

    name = fields.name()
    version = fields.version()
    platform = fields.platform()
    arch = fields.arch()


@dataclass(frozen=True, slots=True)
class Sample:
    """A file name, and what is read from it."""

    file_name: str
    means: str


SAMPLES = (
    Sample("otelcol-contrib_0.119.0_linux_amd64.tar.gz", "otelcol-contrib 0.119.0, linux/amd64"),
    Sample("node_exporter-1.8.2.darwin-arm64.tar.gz", "node_exporter 1.8.2, darwin/arm64"),
    Sample("telegraf-1.32.3-1.x86_64.rpm", "telegraf 1.32.3, linux/amd64"),
)


@page("/upload", Role.PUBLISHER)
def upload() -> Response:
    """Files and folders, dropped or chosen; without script, the command."""
    preset = query_fields(PresetQuery)
    command = COMMAND.format(url=public(""), **{**EXAMPLE, **preset})
    queue = uploads(session.caller().username, **preset)
    return render("upload.html", uploads=queue, preset=preset, samples=SAMPLES, command=command)
