"""The pages. Flask lives here; no SQL, no rule of the pharmacy, no hashing of the log."""
