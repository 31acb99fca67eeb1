"""The signer, apart from the service: its own keys, its own memory, its own process.

Nothing in this package reads the database; it starts without loading it.
"""
