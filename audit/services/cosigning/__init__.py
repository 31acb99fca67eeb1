"""Both sides of C2SP tlog-witness: the cosigner that a sister clinic runs, and asking cosigners for our checkpoints."""
