"""Sheets of paper: which block stands on which page and where. Blocks know their height.

Nothing is drawn while planning.

Planning all pages first gives "page n of m", the page of each entry, and the carried sums, without keeping drawn pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from audit.reports.model import Paper
from audit.reports.pen import Drawing, Pen

MM = 72 / 25.4
SECTION_GAP, TIGHT_GAP, COLUMN_GAP, HALF_GAP = 6.5 * MM, 4.5 * MM, 4 * MM, 8 * MM
_SIZES = {Paper.A4: (210 * MM, 297 * MM), Paper.LETTER: (215.9 * MM, 279.4 * MM)}


@dataclass(frozen=True, slots=True)
class Frame:
    """Edges of the live area of a sheet in points: 18 mm left for filing holes and margin bars."""

    width: float
    height: float

    @property
    def left(self) -> float:
        """Left edge of the live area."""
        return 18 * MM

    @property
    def right(self) -> float:
        """Right edge of the live area."""
        return self.width - 14 * MM

    @property
    def live(self) -> float:
        """Width of the live area."""
        return self.right - self.left

    @property
    def top(self) -> float:
        """Where content begins, under the running head."""
        return (11 + 16 + 7) * MM

    @property
    def bottom(self) -> float:
        """Where content ends, above the running foot."""
        return self.height - (9 + 5 + 4) * MM

    @property
    def foot(self) -> float:
        """The rule of the running foot."""
        return self.height - (9 + 5) * MM


def frame_of(paper: Paper) -> Frame:
    """The frame of a paper size."""
    width, height = _SIZES[paper]
    return Frame(width, height)


@dataclass(frozen=True, slots=True)
class Block:
    """Something of a fixed height that is never split. `head` is set again where a page begins with this block."""

    height: float
    draw: Drawing
    gap: float = 0.0
    head: Block | None = None
    keep: bool = False
    entries: tuple[int, ...] = ()

    def after(self, gap: float) -> Block:
        """The same block with that much space before it, dropped at the top of a page."""
        return replace(self, gap=gap)


@dataclass(slots=True)
class Sheet:
    """One page: the words of its head, its place in the outline if it begins a part, and its blocks with their tops."""

    kind: str
    placed: list[tuple[float, Block]] = field(default_factory=list)
    outline: tuple[tuple[int, str], ...] = ()

    def draw(self, pen: Pen) -> None:
        """Draws all blocks."""
        for top, block in self.placed:
            block.draw(pen, top)


def stacked(blocks: Iterable[Block]) -> Block:
    """Blocks as one that is not split."""
    tops: list[tuple[float, Block]] = []
    height = 0.0
    entries: list[int] = []
    for block in blocks:
        height += block.gap if tops else 0.0
        tops.append((height, block))
        height += block.height
        entries.extend(block.entries)

    def draw(pen: Pen, top: float) -> None:
        for offset, block in tops:
            block.draw(pen, top + offset)

    return Block(height, draw, entries=tuple(entries))


def beside(*blocks: Block) -> Block:
    """Blocks side by side, upper edges level; each already knows its own x."""

    def draw(pen: Pen, top: float) -> None:
        for block in blocks:
            block.draw(pen, top)

    return Block(max(block.height for block in blocks), draw)


class Pager:
    """Fills sheets of one part of the report; each sheet begins with the part's title."""

    def __init__(
        self,
        frame: Frame,
        *,
        kind: str,
        title: Block,
        outline: tuple[tuple[int, str], ...] = (),
        again: Block | None = None,
    ) -> None:
        self._frame = frame
        self._kind = kind
        self._title, self._again = title, again or title
        self._outline = outline
        self.sheets: list[Sheet] = []
        self.turn()

    @property
    def room(self) -> float:
        """Height left on the sheet."""
        return self._frame.bottom - self._y

    @property
    def page_room(self) -> float:
        """Height of a sheet under the title."""
        return self._frame.bottom - self._frame.top - self._again.height

    def turn(self) -> None:
        """Begins the next sheet."""
        outline = () if self.sheets else self._outline
        title = self._again if self.sheets else self._title
        self.sheets.append(Sheet(self._kind, [(self._frame.top, title)], outline))
        self._y = self._frame.top + title.height
        self._fresh = True

    def put(self, block: Block) -> None:
        """Sets a block where the last one ended; the caller saw to the room."""
        self._y += 0.0 if self._fresh else block.gap
        self.sheets[-1].placed.append((self._y, block))
        self._y += block.height
        self._fresh = False

    def flow(self, blocks: Iterable[Block]) -> None:
        """Sets blocks, turning where one (with what must stay with it) does not fit."""
        waiting: list[Block] = []
        for block in blocks:
            waiting.append(block)
            if not block.keep:
                self._flow_together(waiting)
                waiting = []
        self._flow_together(waiting)

    def _flow_together(self, blocks: list[Block]) -> None:
        if not blocks:
            return
        needed = sum(block.height + block.gap for block in blocks)
        if needed > self.room and not self._fresh:
            self.turn()
        head = blocks[0].head
        if self._fresh and head is not None:
            self.put(head)
        for block in blocks:
            self.put(block)

    def whole(self, blocks: list[Block], *, gap: float) -> None:
        """Sets blocks together where a sheet can hold them, otherwise lets them run on."""
        together = stacked(blocks)
        if together.height > self.page_room:
            self.flow([blocks[0].after(gap), *blocks[1:]])
            return
        if together.height + gap > self.room and not self._fresh:
            self.turn()
        self.put(together.after(gap))

    def push(self, block: Block) -> None:
        """Sets the last block on the foot of the sheet."""
        if block.height + TIGHT_GAP > self.room and not self._fresh:
            self.turn()
        self.sheets[-1].placed.append((self._frame.bottom - block.height, block))
        self._y = self._frame.bottom
        self._fresh = False
