"""Attacks on the service with what anybody, or one agent, has; and what everybody else sees meanwhile."""
