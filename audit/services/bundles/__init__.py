"""Evidence bundles (log-format section 9): the whole log as one zip that verifies with no network and none of our code.

`export` issues one, `check` verifies one, `opening` reads a zip that nobody vouches for. Inspection reports carry their
own evidence (`services.reporting`).
"""
