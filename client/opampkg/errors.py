"""Errors, each with the exit code that it ends the command with and, if the service refused, its problem (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SERVICES = "urn:opamp-packages:problem:"
"""How the types of the service's own problems begin."""


class OpampkgError(Exception):
    """Something went wrong.

    `status`: of the answer, None where there was none; `problem`: the service's, {} where the answer was not its own.
    """

    exit_code = 1
    status: int | None = None

    def __init__(self, message: str, problem: Mapping[str, Any] | None = None) -> None:
        self.problem = dict(problem or {})
        super().__init__(message)

    @property
    def problem_name(self) -> str:
        """The last part of the problem's type, "" if it is none of the service's."""
        kind = str(self.problem.get("type", ""))
        return kind[len(SERVICES) :] if kind.startswith(SERVICES) else ""


class WrongUsage(OpampkgError):
    """What was asked for makes no sense; nothing was sent."""

    exit_code = 2


class Refused(OpampkgError):
    """The service refuses what it was sent (400, 411, 413, 415, 422)."""

    exit_code = 3


class NotAllowed(OpampkgError):
    """Not logged in, or the role is too low (401, 403)."""

    exit_code = 4


class Conflict(OpampkgError):
    """It contradicts what is there (409, 412). `offset`: the present one of an upload, if it was told."""

    exit_code = 5
    offset: int | None = None


class NotFound(OpampkgError):
    """There is no such thing (404, 410)."""

    exit_code = 6


class Unreachable(OpampkgError):
    """The service does not answer or is busy.

    `retry_after`: the seconds it asked for; `passes`: whether trying again may help.
    """

    exit_code = 7
    retry_after: float | None = None
    passes = True


class ChecksumDiffers(OpampkgError):
    """The bytes are not those that were published."""

    exit_code = 8


class TimeOver(OpampkgError):
    """`wait`: the time is over."""

    exit_code = 9


class TooManyFailed(OpampkgError):
    """`wait`: too many agents failed, or a roll-out has stopped."""

    exit_code = 10


BY_STATUS: dict[int, type[OpampkgError]] = {
    **dict.fromkeys((400, 411, 413, 415, 422), Refused),
    **dict.fromkeys((401, 403), NotAllowed),
    **dict.fromkeys((404, 410), NotFound),
    **dict.fromkeys((409, 412), Conflict),
    **dict.fromkeys((408, 429, 502, 503, 504, 507), Unreachable),
}


def of_answer(status: int, reason: str, problem: Mapping[str, Any]) -> OpampkgError:
    """The error that an answer is: `detail`, the fields that it names, and the request's id."""
    error = BY_STATUS.get(status, OpampkgError)(described(status, reason, problem), problem)
    error.status = status
    if isinstance(error, Unreachable):
        # A package whose bytes are damaged, or a storage without room, is the same in ten minutes.
        error.passes = status != 507 and error.problem_name != "package-damaged"
    return error


def described(status: int, reason: str, problem: Mapping[str, Any]) -> str:
    """One line that says what to do."""
    detail = str(problem.get("detail") or f"The answer was {status} {reason}, and is none of the package service's.")
    fields = problem.get("errors")
    if isinstance(fields, dict):
        named = [f"{field}: {_joined(messages)}" for field, messages in fields.items()]
        detail = "; ".join([detail, *(each for each in named if each not in detail)])
    request_id = problem.get("request_id")
    return f"{detail} (request {request_id})" if request_id else detail


def _joined(messages: Any) -> str:
    return " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
