"""Databases of the operator: one read-only statement at a time, in a process of its own."""
