"""PostgreSQL in bounded time: what stores read and write with."""

from app.database.database import CommitInDoubt, Database, compiled

__all__ = ["CommitInDoubt", "Database", "compiled"]
