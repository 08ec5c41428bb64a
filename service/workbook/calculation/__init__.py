"""Values of formulas: several calculators, and what the file itself held.

``source`` is what calculators read; ``first``, ``second`` and ``third`` are calculators;
``ledger`` remembers the values that a file came with; ``values`` puts them together.
"""
