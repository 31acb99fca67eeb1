"""The attack table: each attack carried out for real on a copy of a log, and what is expected to notice it.

`rows` has the table, `attacks_*` carry them out, `detecting` looks with every detector, `run` does all of it on a copy
of a clinic's own log. Attacks may use every row of the database, the log's key and the service's key; never a person's
passkey, a cosigner's key, the time authority or the signer's own memory, which is what the table is about.
"""
