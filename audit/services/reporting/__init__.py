"""The inspection report filled from a log's bytes, part by part; `services.report` issues it."""
