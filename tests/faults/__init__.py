"""Faults produced for real: dead and slow dependencies, killed processes, damaged objects."""
