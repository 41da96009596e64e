"""What templates get: frozen dataclasses, made out of rows."""
