"""How Alembic reaches the database: the app's engine, one advisory lock, one transaction."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

MIGRATION_LOCK = 0x6F70616D70
"""Any number, the same for all: two migrations at once take turns, and the second finds nothing left to do."""


def is_modelled(_item: object, name: str | None, kind: str, *_: object) -> bool:
    """Whether the models know of it: the trigram indexes are there only where pg_trgm is."""
    return not (kind == "index" and (name or "").endswith("_trigrams"))


def migrate(connection: Connection) -> None:
    """Run the migrations; a failure undoes all of them."""
    database = current_app.extensions["migrate"].db
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        include_object=is_modelled,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        context.run_migrations()


def run() -> None:
    """Print the SQL with `--sql`, else migrate the configured database."""
    extension = current_app.extensions["migrate"]
    if context.is_offline_mode():
        context.configure(url=str(extension.db.engine.url), target_metadata=extension.db.metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    with extension.db.engine.connect() as connection:
        migrate(connection)
        connection.commit()


run()
