"""Version of all offers: a number that triggers raise with each change of what offers are made of."""

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from app.database.model import Base


class OfferVersion(Base):
    """A part of the offers' version, which is the sum of all rows.

    Triggers of `packages` and `channels` add to one row, in the transaction that changes what may be offered. Each
    takes a row that no other transaction holds, or makes one: so uploads never wait for each other here, there are
    as many rows as there were changes at once, and the sum that a snapshot sees is that of the changes it sees.
    The steps are random, so that a restored or emptied database doesn't come to the same number with other content.
    """

    __tablename__ = "offer_versions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
