"""Locked requirements, known holes in them, and the bill of materials of an image."""
