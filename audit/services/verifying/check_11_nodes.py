"""Check 11, the tree: every stored subtree is the one that the bytes make, compared as the entries complete them."""

from audit.services.verifying.rows import Beside
from audit.services.verifying.source import Tables
from audit.services.verifying.verdict import Notebook, Rule
from audit.storage.derived import NodeRow
from audit.tlog.merkle import Node


class Nodes:
    """Reads `log_node` along with the entries, in the order in which these complete its subtrees."""

    def __init__(self, notebook: Notebook, tables: Tables) -> None:
        self._notebook = notebook
        self._size = max((head.size for head in tables.heads), default=0)
        self._strays: list[NodeRow] = []
        self._rows = Beside(tables.nodes, lambda row: row.completed_at, self._strays.append)

    def entry(self, index: int, completed: list[Node]) -> None:
        """Compare the subtrees that one entry completes."""
        stored: dict[tuple[int, int], bytes] = {}
        for row in self._rows.take(index):
            if (row.level, row.index) in stored:
                self._wrong(row.level, row.index, index, "another row of the same subtree")
            stored[row.level, row.index] = row.hash
        for node in completed:
            found = stored.pop((node.level, node.index), None)
            if found is None:
                self._wrong(node.level, node.index, index, "no such row")
            elif found != node.hash:
                self._wrong(node.level, node.index, index, f"another hash, {found.hex()}")
        for level, place in stored:
            self._wrong(level, place, index, "a row of no complete subtree")

    def finish(self, size: int) -> None:
        """Name rows of no subtree; after a missing entry nothing is known of those beyond it, and that it is told."""
        self._rows.finish()
        for row in self._strays:
            if size >= self._size or row.completed_at < size:
                self._wrong(row.level, row.index, row.completed_at, "a row of no complete subtree")

    def _wrong(self, level: int, place: int, index: int, found: str) -> None:
        expected = f"log_node level {level} index {place} as computed from the bytes"
        self._notebook.finding(Rule.TABLES, index if index >= 0 else None, expected=expected, found=found)
