"""Databases as a worker has them, on real servers."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine

from app.config.database import DatabaseSection
from app.database import Database, deadline
from app.database.engine import Session, engine_options

Opened = Callable[..., Database]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Opens the database of a URL, with so many connections; closed at the end of the test."""
    with contextlib.ExitStack() as stack:

        def open_database(url: str, pool_size: int = 2, session: Session = Session.SERVICE) -> Database:
            engine = create_engine(DatabaseSection(url=url).sqlalchemy_url, **engine_options(pool_size))
            database = Database(engine, session=session)
            stack.callback(engine.dispose)
            stack.callback(database._reads.connections.drop_all)
            return database

        yield open_database


@pytest.fixture
def in_a_request() -> Iterator[None]:
    """The test's thread has a request's time budget."""
    with deadline.budget(deadline.REQUEST_BUDGET):
        yield
