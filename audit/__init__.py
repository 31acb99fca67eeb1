"""A controlled-drug register for ketamine clinics, on a log that anyone can check."""
