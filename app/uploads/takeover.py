"""Takeover of uploads: one writer, fenced by the row's epoch, who stores what has come before the next one is told.

A request that receives a piece holds the upload (`held_until`). Whoever takes it over asks for it, and waits until the
piece has ended and its bytes are stored: they need not be sent again. The wait has an end, since workers die; then the
epoch alone keeps the old one off. All times are the database's.
"""

import contextlib
import re
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update

from app.accounts.caller import Caller
from app.accounts.roles import Role
from app.database import Database, deadline
from app.errors import PieceCut, Unavailable, UploadNotFound
from app.uploads.models import ID_LENGTH, UploadRecord
from app.uploads.upload import Upload, upload_of_row

SILENT = timedelta(seconds=2)
"""How long a request is waited for that does not say that it stores what has come."""

STORES = timedelta(seconds=10)
"""How long once it has said so."""

UNDER_WAY = 0.05
"""Seconds that who only asks waits first: the client's last piece may have come to another instance a moment ago, which
has not taken the upload over yet. On one machine, over 20 cuts, four of seven uploads had sent 3 to 6 % twice without.
"""

LOOK_EVERY = 0.03
"""Seconds between two looks of who waits."""

NOTICE_EVERY = 0.2
"""Seconds between two looks of who receives."""

ON_ITS_WAY = 1.0
"""Seconds for which who receives goes on, while bytes come, once another has asked."""

TAKEN_OVER = "Another request goes on with this upload; what came of this piece is kept. Ask for the offset with HEAD."

POSSIBLE_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")
"""What is in a path may be anything, also what PostgreSQL's texts cannot hold."""

TABLE: Any = UploadRecord.__table__
NOT_ASKED_FOR = TABLE.c.held_until == TABLE.c.expires_at
IS_FREE = or_(TABLE.c.held_until.is_(None), TABLE.c.held_until <= func.now(), TABLE.c.state != "open")

Conditions = tuple[ColumnElement[bool], ...]


def ours(upload: Upload) -> Conditions:
    """What holds of the upload's row while it is open and nobody else has taken it over."""
    return TABLE.c.id == upload.id, TABLE.c.epoch == upload.epoch, TABLE.c.state == "open"


class UploadClaims:
    """Who writes. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, upload_id: str, caller: Caller, *, to_receive: bool = False) -> Upload:
        """Take the upload over: from now on nobody else adds to it. Raises UploadNotFound.

        Waits for a request that is receiving, see above. `to_receive`: others are to wait for this one so.
        """
        if not POSSIBLE_ID.fullmatch(upload_id):
            raise UploadNotFound
        theirs = () if caller.role >= Role.ADMIN else (TABLE.c.owner == caller.subject,)
        one = (TABLE.c.id == upload_id, TABLE.c.expires_at > func.now(), *theirs)
        values = {"epoch": TABLE.c.epoch + 1, "held_until": TABLE.c.expires_at if to_receive else None}
        statement = update(TABLE).where(*one, IS_FREE).values(values).returning(*TABLE.columns)
        if not to_receive:
            time.sleep(UNDER_WAY)
        while True:
            with self._database.writing() as connection:
                row = connection.execute(statement).one_or_none()
            if row is not None:
                return upload_of_row(row)
            self._ask_for(one)
            time.sleep(LOOK_EVERY)
            deadline.set_budget(deadline.REQUEST_BUDGET)

    def _ask_for(self, one: Conditions) -> None:
        ask = update(TABLE).where(*one, NOT_ASKED_FOR).values(held_until=func.now() + SILENT)
        with self._database.writing() as connection:
            if not connection.execute(ask).rowcount and not connection.execute(select(TABLE.c.id).where(*one)).first():
                raise UploadNotFound

    def is_asked_for(self, upload: Upload) -> bool:
        """Whether another request waits for the upload. It waits on while this one stores what has come."""
        return self._hold_on(upload, TABLE.c.held_until < TABLE.c.expires_at)

    def ending(self, upload: Upload) -> None:
        """Have others wait while this request stores what has come."""
        self._hold_on(upload, TABLE.c.held_until.is_not(None))

    def release(self, upload: Upload) -> None:
        """Nobody need wait for this request any more."""
        self._change(upload, None)

    def _hold_on(self, upload: Upload, condition: ColumnElement[bool]) -> bool:
        return self._change(upload, func.now() + STORES, condition)

    def _change(self, upload: Upload, held_until: Any, *conditions: ColumnElement[bool]) -> bool:
        deadline.set_budget(deadline.REQUEST_BUDGET)
        with self._database.writing() as connection:
            statement = update(TABLE).where(*ours(upload), *conditions).values(held_until=held_until)
            return connection.execute(statement).rowcount > 0


class Succession:
    """What a request that receives does for the one that will take over from it."""

    def __init__(self, claims: UploadClaims, upload: Upload) -> None:
        self._claims = claims
        self._upload = upload
        self._next_look = time.monotonic() + NOTICE_EVERY
        self._ends: float | None = None
        self._has_heard = True

    def check(self) -> None:
        """To be called before bytes are waited for. Raises PieceCut if another request asks for the upload.

        First what is on its way is taken: the client may have gone, and have left megabytes in the socket.
        """
        now = time.monotonic()
        if self._ends is not None:
            if now >= self._ends or not self._has_heard:
                raise PieceCut(TAKEN_OVER)
            self._has_heard = False
        elif now >= self._next_look:
            self._next_look = now + NOTICE_EVERY
            if self._is_asked_for():
                self._ends = now + ON_ITS_WAY

    def heard(self) -> None:
        """To be called when bytes have come."""
        self._has_heard = True

    def _is_asked_for(self) -> bool:
        try:
            return self._claims.is_asked_for(self._upload)
        except Unavailable:
            return False

    def ending(self) -> None:
        """To be called when no more bytes are to come, and those that came are to be stored."""
        if self._upload.is_held:
            with contextlib.suppress(Unavailable):
                self._claims.ending(self._upload)
