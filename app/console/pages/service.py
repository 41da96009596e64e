"""The service's own page: its parts, what runs by itself, what is damaged."""

from typing import Any

from flask import Response

from app.accounts.roles import Role
from app.config import Config
from app.console.blueprint import fragment, page
from app.console.live import FIGURES, with_etag
from app.console.rendering import render
from app.console.views.blocks import or_none
from app.http.query import no_parameters
from app.http.services import get
from app.operations.health import Readiness
from app.operations.metrics_endpoint import OpenUploads
from app.packages.attention import Attention, Volume

MOST_DAMAGED = 20
WEIGHED_EVERY = 10.0
"""Seconds for which the number and the bytes of all files are shown: no figure of the console is older."""


@page("/service", Role.ADMIN)
def service() -> Response:
    """The page; it is drawn whatever is away."""
    no_parameters()
    return render("service.html", config=get(Config), **_parts())


@fragment("/service/live", Role.ADMIN)
def service_live() -> Response:
    """Its parts, polled."""
    no_parameters()
    return with_etag(render("_service.html", **_parts()))


def _parts() -> dict[str, Any]:
    attention = get(Attention)
    stored = or_none(attention.stored)
    return {
        "looks": get(Readiness).looks(),
        "uploads": or_none(get(OpenUploads).count),
        "damaged": or_none(lambda: attention.damaged(MOST_DAMAGED)),
        "stored": stored,
        "volume": or_none(lambda: _volume(stored.files)) if stored else None,
    }


def _volume(files: int) -> Volume:
    return FIGURES.get("volume", lambda: get(Attention).volume(files), fresh=WEIGHED_EVERY)
