"""The log as bytes, hashes and keys: encoding, tree, notes, proofs, signatures. No pharmacy, no I/O."""
