"""Use cases: what a face asks for, done in one transaction. No HTML, no SQL, no clock of their own."""
