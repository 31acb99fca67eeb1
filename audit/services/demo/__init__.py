"""A synthetic clinic, lived through day by day on the same write path as a real one.

Every person is plainly made up, every number drawn from a seed: the same seed and first day give the same bytes
of every entry. What a clinic gets wrong is in it at the rates clinics report, because a register that only shows
perfect days shows nothing.

`make.py` is the door. `plan.py` says who comes on which day, `doses.py` how much they get, `sessions.py`,
`evening.py` and `cases.py` what people then do; `shelf.py` knows what is really in each vial and `desk.py` writes.
"""
