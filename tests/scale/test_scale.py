"""Two instances, PostgreSQL with a standby and MinIO of four nodes: what clients see when one of them dies."""

from pathlib import Path

import pytest

from tests.scale import campaign as campaigns
from tests.scale import rig
from tests.scale.campaign import FAULTS, Campaign


@pytest.fixture(scope="module")
def campaign(services_folder: Path) -> Campaign:
    """All faults in a row, once for all tests of this module."""
    if missing := rig.missing():
        pytest.skip(f"needs {missing}")
    folder = services_folder / "scale"
    folder.mkdir(mode=0o755)
    return campaigns.run(folder)


@pytest.mark.parametrize("fault", FAULTS)
def test_requests_fail_for_five_seconds_at_most(campaign: Campaign, fault: str) -> None:
    """Whatever dies or comes back, all requests succeed again within 5 s."""
    suffered = campaign.suffered[fault]
    assert suffered.failing_for <= suffered.limit, suffered
    assert suffered.requests - len(suffered.failures) > 20, suffered


@pytest.mark.parametrize("fault", FAULTS)
def test_what_fails_fails_with_503(campaign: Campaign, fault: str) -> None:
    """A request that fails is answered with 503 and Retry-After, or is a download that ends early and is seen to."""
    assert not campaign.suffered[fault].wrong


def test_without_quorum_nothing_is_said_to_be_gone(campaign: Campaign) -> None:
    """With two and three of four nodes away, and while they start, downloads come or are 503, and never 502."""
    assert campaign.quorum.statuses <= {200, 503}
    assert 503 in campaign.quorum.downloads[3]


def test_without_quorum_the_service_is_not_ready(campaign: Campaign) -> None:
    """503 where MinIO can't write, or not even read; uploads are 503; 200 when it is back."""
    assert campaign.quorum.ready == {2: 503, 3: 503, -1: 200}
    assert all(set(counts) == {503} for counts in campaign.quorum.uploads.values())


def test_without_quorum_nothing_is_marked_damaged(campaign: Campaign) -> None:
    """All packages are whole afterwards."""
    assert campaign.quorum.lost == 0


def test_no_acknowledged_upload_is_lost(campaign: Campaign) -> None:
    """After all faults each upload that was answered with 201 comes back byte for byte."""
    assert campaign.uploads > 100
    assert campaign.lost == {}


def test_no_download_has_other_bytes(campaign: Campaign) -> None:
    """No download that was answered with 200 and whole had other bytes than were uploaded."""
    assert campaign.wrong == []
