"""Trust and policies in the console."""
