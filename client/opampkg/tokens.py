"""Bearer tokens (RFC 6750) that show in no repr."""

from __future__ import annotations

from opampkg import errors


class Token:
    """A bearer token that shows in no repr and so in no traceback."""

    def __init__(self, text: str) -> None:
        """Raises NotAllowed if it cannot be one; http.client's own refusal would print it."""
        self._text = text.strip()
        if not self._text or not all("!" <= character <= "~" for character in self._text):
            raise errors.NotAllowed("The token is empty or has characters that no token has.")

    def __repr__(self) -> str:
        return "<token>"

    def header(self) -> str:
        """The Authorization header."""
        return f"Bearer {self._text}"

    def text(self) -> str:
        """The token, for the place where it is kept."""
        return self._text
