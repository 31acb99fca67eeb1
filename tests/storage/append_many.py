"""One process of several that append to the same log: `append_many.py <url> <site> <count> <first number>`.

Says `ready`, waits for a line, then appends one entry per transaction and prints each acknowledged index.
"""

import sys
import time

from audit.storage import log
from audit.storage.engine import open_engine, write
from tests.storage.entries import new_entry


def main(url: str, site: str, count: int, first_number: int) -> None:
    engine = open_engine(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in range(first_number, first_number + count):
        with write(engine) as conn:
            head = log.lock_head(conn, site)
            after = log.append(conn, site, head, [new_entry(head.leaf, number)])
        sys.stdout.write(f"{after.size - 1}\n")
        # Who waits for SQLite's lock polls for it: without a pause one process could take every turn.
        time.sleep(0.002)
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
