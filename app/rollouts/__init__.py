"""Staged roll-outs: a channel's agents are brought to a new edition stage by stage, with a brake."""
