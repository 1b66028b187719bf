"""Pulumi's Python language host, for a CLI that was built from Go modules and so has none."""
