"""Signatures beside packages, and the policies that say whose signatures packages need."""
