"""Figures as a table on the terminal and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

Cell = str | int | float | bool | None


@dataclass
class Table:
    """One row of the bench: columns are {key: heading}, rows hold a cell a key; `misses` are the aims not reached."""

    name: str
    title: str
    columns: dict[str, str]
    rows: list[dict[str, Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, **cells: Cell) -> None:
        self.rows.append(cells)

    def text(self) -> str:
        keys = list(self.columns)
        grid = [list(self.columns.values()), *([_shown(row.get(key)) for key in keys] for row in self.rows)]
        widths = [max(len(line[i]) for line in grid) for i in range(len(keys))]
        lines = ["  ".join(_aligned(i, cell, widths[i]) for i, cell in enumerate(line)).rstrip() for line in grid]
        lines.insert(1, "  ".join("-" * width for width in widths))
        rest = [f"  {note}" for note in self.notes] + [f"  MISSED: {miss}" for miss in self.misses]
        return "\n".join([self.title, *lines, *rest, *(f"  ERROR: {error}" for error in self.errors)])

    def data(self) -> dict[str, Any]:
        return asdict(self)


def _aligned(column: int, cell: str, width: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "NO"
    if isinstance(cell, float):
        return f"{cell:,.2f}" if abs(cell) < 100 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
