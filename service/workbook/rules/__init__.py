"""Conditional formats and data validations: made, found, changed and taken away."""
