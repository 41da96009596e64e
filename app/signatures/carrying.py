"""Signatures that offers carry: SQL for the one of a package that a channel asks for.

Of several the oldest that counts is carried, that is one which a policy in force accepts; else the oldest.
"""

from app.signatures.trust import MATCHES

CARRIED = ("sigstore", "attestation", "pgp", "minisign", "raw", "cosign")
"""What a channel may ask for: a format, or `cosign`, which is made of a bundle with a certificate."""

_IS_WANTED = """
    s.format = CASE {wanted} WHEN 'cosign' THEN 'sigstore' ELSE {wanted} END
    AND ({wanted} <> 'cosign' OR s.issuer IS NOT NULL)
"""


def counts(signature: str) -> str:
    """SQL: whether a policy in force that matches its package accepts the row `signature` of signatures."""
    return f"""EXISTS (
        SELECT FROM signature_verdicts v
        JOIN policies po ON po.id = v.policy_id AND po.revision = v.revision AND po.mode <> 'off'
        JOIN packages p ON p.id = {signature}.package_id AND {MATCHES}
        WHERE v.signature_id = {signature}.id AND v.signers <> '{{}}'
    )"""


def has_signature(package_id: str, wanted: str) -> str:
    """SQL: whether the package has a signature of the wanted kind; true where none is wanted (NULL)."""
    condition = _IS_WANTED.format(wanted=wanted)
    return f"({wanted} IS NULL OR EXISTS (SELECT FROM signatures s WHERE s.package_id = {package_id} AND {condition}))"


def carried_signature(package_id: str, wanted: str) -> str:
    """SQL: the bytes of the signature that is carried; NULL where none is wanted or there."""
    condition = _IS_WANTED.format(wanted=wanted)
    return f"""
        (SELECT s.content FROM signatures s WHERE s.package_id = {package_id} AND {condition}
         ORDER BY {counts("s")} DESC, s.id LIMIT 1)
    """  # noqa: S608 - names of columns
