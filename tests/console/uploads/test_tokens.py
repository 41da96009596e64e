"""The token that uploads are sent with: renewed before it ends, and where it counts no more; and its session."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from app.accounts.models import SERIES_LENGTH
from tests.console.site import COOKIE, PASSWORD, Console
from tests.console.uploads.page import Line, UploadPage, packages
from tests.console.uploads.test_queue import LINUX, sha256

Release = Callable[..., Path]

OTHER_SERIES = text("UPDATE users SET token_series = :series WHERE username = 'publisher'")
KEEP_SESSIONS = text(
    "UPDATE console_sessions SET token_series = :series "
    "WHERE user_id = (SELECT id FROM users WHERE username = 'publisher')"
)
ASKED = "return performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/ui/token')).length"

SHORT_TOKENS = """
window.tokens = 0;
const real = window.fetch;
window.fetch = async (resource, options) => {
  const answer = await real(resource, options);
  if (!String(resource).endsWith("/ui/token") || !answer.ok) return answer;
  tokens += 1;
  const { token } = await answer.json();
  const soon = new Date(Date.parse(answer.headers.get("Date")) + 4000).toISOString();
  return new Response(JSON.stringify({ token, expires_at: soon }), { headers: { Date: answer.headers.get("Date") } });
};
"""


def test_it_is_renewed(distant: UploadPage, line: Line, release: Release) -> None:
    """A token is renewed at half its time: the page is told that it lasts for 4 seconds."""
    chrome = distant.browser.chrome
    added = chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SHORT_TOKENS})
    page = UploadPage(distant.browser)
    chrome.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
    file = release(LINUX.format("long"), 40_000_000)
    line.counter.rate = 8_000_000
    page.choose(file).until("published")
    assert distant.browser.script("return tokens") >= 2


def end_tokens(console: Console, series: str, *, keep_sessions: bool) -> None:
    """From now on no token counts that the publisher has, nor does a session, unless they are kept."""
    with console.parts.database.writing() as connection:
        connection.execute(OTHER_SERIES, {"series": series * SERIES_LENGTH})
        if keep_sessions:
            connection.execute(KEEP_SESSIONS, {"series": series * SERIES_LENGTH})


def test_a_token_that_counts_no_more(distant: UploadPage, line: Line, release: Release) -> None:
    """A token that the service takes no longer amid an upload is replaced by another, and the upload goes on."""
    file = release(LINUX.format("other-token"), 20_000_000)
    line.counter.hold(4_000_000)
    distant.choose(file)
    line.counter.until_held()
    asked = distant.browser.script(ASKED)
    end_tokens(line, "a", keep_sessions=True)
    line.counter.let_go()
    distant.until("published")
    assert distant.browser.script(ASKED) == asked + 1
    assert [each["checksum"] for each in packages(line, "other-token")] == [sha256(file)]


def test_a_session_that_ends(distant: UploadPage, line: Line, release: Release) -> None:
    """When the session ends amid an upload that pauses; a login in the dialog, and it goes on where it was."""
    file = release(LINUX.format("session-ends"), 20_000_000)
    browser = distant.browser
    line.counter.hold(12_000_000)
    distant.choose(file)
    line.counter.until_held()
    end_tokens(line, "b", keep_sessions=False)
    line.proxy.cut()
    line.counter.let_go()
    distant.until("paused")
    assert "Your session has ended." in distant.told(file.name)
    sent = line.counter.bytes
    browser.one("#again-password").send_keys(PASSWORD)
    browser.one("#again .primary").click()
    distant.until("published")
    assert line.counter.bytes - sent < 15_000_000
    assert [each["checksum"] for each in packages(line, "session-ends")] == [sha256(file)]
    assert browser.chrome.get_cookie(COOKIE)
