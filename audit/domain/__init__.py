"""Pharmacy and book-keeping: pure rules over events. No clock, no I/O, no hashing."""
