"""What an agent's reports say of an offer: it came, it was lost, it is installed, or it has to be sent again."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from app.wiring import Services
from tests.api.agents.conftest import See
from tests.api.agents.talking import (
    ACCEPTS_PACKAGES,
    INSTALLED,
    INSTALLING,
    REPORTS_STATUS,
    TalkingAgent,
    asks_full_state,
    offered,
)
from tests.api.packages.publishing import published

ONE = {"opamp-agent": "1.0.0"}


def test_a_resent_message_gets_the_same_answer(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """The offer again, as often as the message comes; and nothing again where there was nothing."""
    assert offered(talking.introduce()) == ONE
    assert offered(talking.again()) == ONE
    offer = talking.again().packages_available
    talking.install(offer)
    assert offered(talking.again()) is None
    talking.poll()
    assert offered(talking.again()) is None
    assert not asks_full_state(talking.again())


def test_a_resent_message_is_asked_the_same_again(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """The question for the full state, too."""
    talking.install(talking.introduce().packages_available)
    talking.sequence_num += 5
    assert asks_full_state(talking.poll())
    assert asks_full_state(talking.again())
    assert not asks_full_state(talking.introduce())


def test_an_offer_that_was_lost(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """Three further messages tell nothing of it: the agent is asked once, and what it lacks is offered at once."""
    talking.introduce()
    answers = [talking.poll() for _ in range(6)]
    assert [asks_full_state(answer) for answer in answers] == [False, False, True, False, False, False]
    assert all(offered(answer) is None for answer in answers)
    assert offered(talking.introduce()) == ONE


def test_resending_does_not_count(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """The same message again is no further message."""
    talking.introduce()
    talking.poll()
    for _ in range(4):
        assert not asks_full_state(talking.again())


def test_an_offer_that_arrived_by_its_hash(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """Statuses that name it show that it is there: nobody is asked."""
    offer = talking.introduce().packages_available
    talking.note(offer, "opamp-agent", INSTALLING)
    talking.report()
    assert not any(asks_full_state(talking.poll()) for _ in range(5))


def test_an_echoed_hash_proves_nothing(stable: dict[str, Any], talking: TalkingAgent, see: See) -> None:
    """The client echoes the offer's hash before it downloads: only each package's own hash tells."""
    offer = talking.introduce().packages_available
    talking.statuses.server_provided_all_packages_hash = offer.all_packages_hash
    talking.report()
    assert see(talking)["packages"][0]["status"] == "pending"
    assert offered(talking.introduce()) == ONE


def test_a_stale_error_beside_installed(stable: dict[str, Any], talking: TalkingAgent, see: See) -> None:
    """The hash says that it is installed."""
    offer = talking.introduce().packages_available
    talking.note(offer, "opamp-agent", INSTALLED, "an error of the day before")
    talking.report()
    (package,) = see(talking)["packages"]
    assert (package["status"], package["error"]) == ("installed", None)


def test_a_full_state_that_lacks_a_package(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """A disk that was lost: offered at once."""
    talking.install(talking.introduce().packages_available)
    talking.statuses.Clear()
    assert offered(talking.restart()) == ONE


def test_a_full_state_with_too_much(stable: dict[str, Any], talking: TalkingAgent) -> None:
    """A package that is offered no longer: the whole offer again."""
    talking.install(talking.introduce().packages_available)
    told = talking.statuses.packages["left-over"]
    told.name, told.agent_has_version, told.agent_has_hash = "left-over", "1", b"?"
    assert offered(talking.restart()) == ONE


def test_an_agent_in_sync_that_the_service_forgot(
    stable: dict[str, Any], talking: TalkingAgent, parts: Services, see: See
) -> None:
    """Asked for its full state, which is found equal to the offer: nothing is sent, since it would not answer."""
    talking.install(talking.introduce().packages_available)
    with parts.database.writing() as connection:
        connection.execute(text("DELETE FROM agents"))
    answer = talking.poll()
    assert asks_full_state(answer)
    assert offered(answer) is None
    answer = talking.introduce()
    assert offered(answer) is None
    assert not any(asks_full_state(talking.poll()) for _ in range(5))
    assert see(talking)["packages"][0]["status"] == "installed"


def test_an_agent_that_reports_no_statuses(stable: dict[str, Any], agent: FlaskClient, publisher: FlaskClient) -> None:
    """Offered once per offer, and never asked."""
    talking = TalkingAgent(agent, REPORTS_STATUS | ACCEPTS_PACKAGES)
    assert offered(talking.introduce()) == ONE
    for _ in range(5):
        answer = talking.poll()
        assert (offered(answer), asks_full_state(answer)) == (None, False)
    published(publisher, version="2.0.0")
    assert offered(talking.poll()) == {"opamp-agent": "2.0.0"}
