"""What a package's signatures come to: `trust` and `blocked` of its row, by the policies in force.

A policy is satisfied by one signature that one of its signers accepts; a package is trusted if every policy that
matches its name is. Verdicts count for the policy's present revision only, so that one that was made while a policy
changed is no verdict at all.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

STATE = """
    SELECT CASE WHEN bool_or(v.signers <> '{}') THEN 'trusted'
                WHEN bool_or(v.signers IS NULL) THEN 'pending'
                ELSE 'untrusted' END AS state
    FROM signatures s
    LEFT JOIN signature_verdicts v ON v.signature_id = s.id AND v.policy_id = po.id AND v.revision = po.revision
    WHERE s.package_id = p.id
"""
"""What the signatures of the package `p` come to by the policy `po`."""

MATCHES = """p.name COLLATE "C" LIKE ANY (po.name_patterns)"""

_LOCK = text("SELECT id FROM packages WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")

SETTLED = f"""
    SELECT p.id,
        CASE WHEN count(po.id) = 0 THEN 'none'
             WHEN bool_or(its.state = 'pending') THEN 'pending'
             WHEN bool_and(its.state = 'trusted') THEN 'trusted'
             ELSE 'untrusted' END AS trust,
        coalesce(bool_or(po.mode = 'enforce' AND its.state <> 'trusted'), false) AS blocked
    FROM packages p
    LEFT JOIN policies po ON po.mode <> 'off' AND {MATCHES}
    LEFT JOIN LATERAL ({STATE}) AS its ON po.id IS NOT NULL
    WHERE p.id = ANY(:ids)
    GROUP BY p.id
"""  # noqa: S608 - made of constants

_SETTLE = text(
    f"""
    UPDATE packages SET trust = settled.trust, blocked = settled.blocked FROM ({SETTLED}) AS settled
    WHERE packages.id = settled.id
      AND (packages.trust, packages.blocked) IS DISTINCT FROM (settled.trust, settled.blocked)
    RETURNING packages.id
    """  # noqa: S608 - made of constants
)


def hold(connection: Connection, package_ids: Sequence[int]) -> Sequence[int]:
    """Lock the packages, in one order: what is read of their signatures and policies after this is what counts."""
    return connection.scalars(_LOCK, {"ids": list(package_ids)}).all()


def settle(connection: Connection, package_ids: Sequence[int]) -> Sequence[int]:
    """Bring `trust` and `blocked` of packages that are held up to date; returns those that have changed.

    It raises the offers' version, in this transaction: signatures are part of offers.
    """
    return connection.scalars(_SETTLE, {"ids": list(package_ids)}).all()
