"""Scoring and training on the machines of a Ray cluster."""
