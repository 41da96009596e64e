"""Logins, users, machine tokens, and who may call a handler."""
