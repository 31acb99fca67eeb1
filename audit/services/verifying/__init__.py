"""The checks of log-format section 10, one file each, numbered as there; `audit.services.verify` runs them in one pass.

Each check is handed the entries one after the other and at the end says what it found; none stops at a fault, and
none trusts a column. Here nothing is written and nothing is repaired.
"""
