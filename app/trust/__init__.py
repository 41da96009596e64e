"""Verification of signatures: what a signature file is, what it signs, and whether a signer accepts it. Pure."""
