"""Drift: how the newest tickets differ from those that the serving release was evaluated on."""
