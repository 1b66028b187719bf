"""Measurements against what a user would use instead; each module runs alone, `python -m bench` runs all."""
