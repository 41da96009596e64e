"""Offers: what one agent should have now."""
