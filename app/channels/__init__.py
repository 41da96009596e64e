"""Channels: what agents should have."""
