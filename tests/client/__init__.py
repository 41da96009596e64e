"""The command `opampkg` against the real service."""
