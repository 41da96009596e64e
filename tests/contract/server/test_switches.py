"""What makes the worker fast can be switched off, and all is served without it."""

from pathlib import Path

from tests.contract.server.client import chunked, head
from tests.contract.server.test_gathering import assert_served_at_once, serving

TRICKS = "keepalive_spin balance splice"


def test_all_is_served_without_the_tricks_for_speed(tmp_path: Path, served_file: Path) -> None:
    """No wait for the next request, no balance, no splice."""
    with (
        serving(tmp_path, served_file, TEST_WITHOUT=TRICKS, OPAMP_PACKAGES_SERVER__WORKERS="2") as server,
        server.connect_many(8, receive_buffer=65536) as clients,
    ):
        for client in clients:
            for _ in range(3):
                assert client.get("/").status == 200
            client.send(head("GET", "/") + head("GET", "/missing"))
            assert [client.read().status, client.read().status] == [200, 404]
            client.send(head("PUT", "/raw", "Transfer-Encoding: chunked"), chunked([b"x" * 100_000] * 3))
            assert client.read().json()["size"] == 300_000
        for number, client in enumerate(clients):
            client.send(head("GET", "/file/sendfile" if number % 2 else "/file/blocks"))
        assert_served_at_once(server)
        content = served_file.read_bytes()
        assert all(client.read().body == content for client in clients)
