"""Streaming parser of multipart/form-data."""
