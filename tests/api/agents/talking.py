"""An agent of the tests: it counts its messages, and reports what it is told to."""

import gzip
import uuid
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.offers.protobuf import MEDIA_TYPE, opamp

REPORTS_STATUS, ACCEPTS_PACKAGES, REPORTS_STATUSES = 1, 8, 16
USUAL = REPORTS_STATUS | ACCEPTS_PACKAGES | REPORTS_STATUSES

INSTALLED = opamp.PackageStatusEnum_Installed
INSTALLING = opamp.PackageStatusEnum_Installing
DOWNLOADING = opamp.PackageStatusEnum_Downloading
FAILED = opamp.PackageStatusEnum_InstallFailed

REPORT_FULL_STATE = opamp.ServerToAgentFlags_ReportFullState


class TalkingAgent:
    """An agent with an instance uid of its own. `statuses` is what it would report."""

    def __init__(self, client: FlaskClient, capabilities: int = USUAL, **attributes: Any) -> None:
        self.client = client
        self.uid = uuid.uuid4()
        self.sequence_num = -1
        self.capabilities = capabilities
        self.attributes = {"os.type": "linux", "host.arch": "amd64", **attributes}
        self.statuses = opamp.PackageStatuses()
        self.last_message = b""

    def message(self, *, full: bool = False, statuses: bool = False, **fields: Any) -> Any:
        """The next message."""
        self.sequence_num += 1
        message = opamp.AgentToServer(
            instance_uid=self.uid.bytes, sequence_num=self.sequence_num, capabilities=self.capabilities, **fields
        )
        if full:
            for key, value in self.attributes.items():
                message.agent_description.identifying_attributes.add(key=key).value.string_value = value
        if (full and self.capabilities & REPORTS_STATUSES) or statuses:
            message.package_statuses.CopyFrom(self.statuses)
        return message

    def post(self, body: bytes, **headers: str) -> TestResponse:
        """Post a body as a message."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post("/v1/opamp", data=body, headers={"Content-Type": MEDIA_TYPE, **named})

    def say(self, message: Any) -> Any:
        """Send a message; the answer must be a ServerToAgent for this agent."""
        self.last_message = message.SerializeToString()
        return self.again()

    def again(self) -> Any:
        """Send the last message once more."""
        response = self.post(self.last_message)
        assert response.status_code == 200, response.text
        assert response.content_type == MEDIA_TYPE
        answer = opamp.ServerToAgent.FromString(response.data)
        assert answer.instance_uid == self.uid.bytes
        assert answer.capabilities == 1 | 8 | 16
        return answer

    def introduce(self) -> Any:
        """Send the full state."""
        return self.say(self.message(full=True))

    def poll(self) -> Any:
        """Send what has no news."""
        return self.say(self.message())

    def report(self) -> Any:
        """Send the package statuses."""
        return self.say(self.message(statuses=True))

    def restart(self) -> Any:
        """Begin to count again, and send the full state."""
        self.sequence_num = -1
        return self.introduce()

    def note(self, offer: Any, name: str, status: int, error: str = "") -> None:
        """Let `statuses` tell of an offered package; an installed one is there from now on."""
        offered = offer.packages[name]
        told = self.statuses.packages[name]
        told.name, told.status, told.error_message = name, status, error
        told.server_offered_hash, told.server_offered_version = offered.hash, offered.version
        if status == INSTALLED:
            told.agent_has_hash, told.agent_has_version = offered.hash, offered.version
        self.statuses.server_provided_all_packages_hash = offer.all_packages_hash

    def install(self, offer: Any) -> Any:
        """Do all that an offer asks for, and report it."""
        for name in [name for name in self.statuses.packages if name not in offer.packages]:
            del self.statuses.packages[name]
        for name in offer.packages:
            self.note(offer, name, INSTALLED)
        self.statuses.server_provided_all_packages_hash = offer.all_packages_hash
        return self.report()


def offered(answer: Any) -> dict[str, str] | None:
    """Name and version of all that an answer offers; None where it offers nothing at all."""
    if not answer.HasField("packages_available"):
        return None
    return {name: package.version for name, package in answer.packages_available.packages.items()}


def asks_full_state(answer: Any) -> bool:
    """Whether the answer asks for the full state."""
    return bool(answer.flags & REPORT_FULL_STATE)


def packed(content: bytes) -> bytes:
    """Gzip, of no time: names of tests are made of it."""
    return gzip.compress(content, 1, mtime=0)


def refusal(response: Any) -> Any:
    """The ServerErrorResponse that a response is; fails if it is none."""
    assert response.status_code == 400
    assert response.content_type == MEDIA_TYPE
    answer = opamp.ServerToAgent.FromString(response.data)
    assert answer.error_response.type == opamp.ServerErrorResponseType_BadRequest
    assert answer.error_response.error_message
    return answer.error_response
