"""Scripted agents: hundreds of them in one process, each a few lines of OpAMP over HTTP."""

import contextlib
import http.client
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from app.offers.protobuf import MEDIA_TYPE, opamp

USUAL = 1 | 8 | 16
PATIENCE = 120.0
"""Seconds for which a message that got no answer, or a 503, is sent again."""


@dataclass
class ScriptedAgent:
    """An agent that installs what it is offered, or fails to; it keeps what it was offered, in order."""

    urls: list[str]
    token: str
    attributes: dict[str, str] = field(default_factory=lambda: {"os.type": "linux", "host.arch": "amd64"})
    uid: uuid.UUID = field(default_factory=uuid.uuid4)
    sequence_num: int = -1
    has: dict[str, Any] = field(default_factory=dict)
    named: bytes = b""
    offers: list[str] = field(default_factory=list)
    answered: int = 0

    def introduce(self) -> Any:
        """The full state; what is offered is installed."""
        return self.installed(self._say(described=True, reports=True))

    def poll(self) -> Any:
        """A message without news; returns the offer that it brings, or None."""
        return self._offer(self._say())

    def waits(self) -> Any:
        """Poll until an offer comes, and return it."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            offer = self.poll()
            if offer is not None:
                return offer
            time.sleep(0.1)
        raise TimeoutError(f"no offer to {self.uid} in {PATIENCE} s")

    def installed(self, offer: Any) -> Any:
        """Install what an answer or a poll has brought, and tell; the offer, or None."""
        if offer is not None and not isinstance(offer, opamp.PackagesAvailable):
            offer = self._offer(offer)
        if offer is not None:
            self.has = dict(offer.packages)
            self._say(reports=True)
        return offer

    def fail(self, offer: Any) -> None:
        """Tell that an offer could not be installed."""
        self._say(reports=True, failed=offer)

    def _offer(self, answer: Any) -> Any:
        if not answer.HasField("packages_available"):
            return None
        offer = answer.packages_available
        self.named = offer.all_packages_hash
        self.offers += [package.version for package in offer.packages.values()]
        return offer

    def _say(self, *, described: bool = False, reports: bool = False, failed: Any = None) -> Any:
        self.sequence_num += 1
        message = opamp.AgentToServer(instance_uid=self.uid.bytes, sequence_num=self.sequence_num, capabilities=USUAL)
        if described:
            for key, value in self.attributes.items():
                message.agent_description.identifying_attributes.add(key=key).value.string_value = value
        if reports:
            message.package_statuses.server_provided_all_packages_hash = self.named
            for name, package in self.has.items():
                message.package_statuses.packages[name].CopyFrom(_installed(name, package))
            for name, package in failed.packages.items() if failed else ():
                told = message.package_statuses.packages[name]
                told.name, told.status = name, opamp.PackageStatusEnum_InstallFailed
                told.server_offered_hash, told.server_offered_version = package.hash, package.version
                told.error_message = "could not be installed"
        return self._until_answered(message.SerializeToString())

    def _until_answered(self, body: bytes) -> Any:
        """Send the same message until it is answered, by any of the instances, as clients do."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            self.answered += 1
            url = self.urls[(self.answered + self.uid.int) % len(self.urls)]
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, content = _post(url, self.token, body)
                if status == 200:
                    return opamp.ServerToAgent.FromString(content)
                assert status == 503, (status, content)
            time.sleep(0.05)
        raise TimeoutError(f"no answer to {self.uid} in {PATIENCE} s")


def _installed(name: str, package: Any) -> Any:
    return opamp.PackageStatus(
        name=name,
        status=opamp.PackageStatusEnum_Installed,
        agent_has_version=package.version,
        agent_has_hash=package.hash,
        server_offered_version=package.version,
        server_offered_hash=package.hash,
    )


def _post(url: str, token: str, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        headers = {"Content-Type": MEDIA_TYPE, "Authorization": f"Bearer {token}"}
        connection.request("POST", "/v1/opamp", body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
