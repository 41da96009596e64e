"""Packages: publish, find, download."""
