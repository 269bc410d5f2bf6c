"""A further database of PyTorch on the page: what its table shows, and what runs an entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Found:
    """What is found for one entry: the cells of its row, by column, and the differences that nothing excuses."""

    name: str
    cells: dict[str, int | str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


@dataclass
class Section:
    """A database: a title and a text for the page, the columns of its table, the names of its entries, and what runs one."""

    title: str
    text: str
    columns: tuple[str, ...]
    names: Callable[[], list[str]]
    run: Callable[[str], Found]

    def page(self, found: list[Found]) -> str:
        """The section as it stands on the page."""
        numbers = [column for column in self.columns if all([isinstance(row.cells[column], int) for row in found])]
        totals = ", ".join([f"{column} {sum([int(row.cells[column]) for row in found])}" for column in numbers])
        wrong = sum([len(row.differences) for row in found])
        table = [f"| entry | {' | '.join(self.columns)} |", "| --- |" + " --- |" * len(self.columns)]
        table += [f"| {row.name} | {' | '.join([str(row.cells[column]) for column in self.columns])} |" for row in found]
        head = [f"## {self.title}", "", self.text, f"{len(found)} entries: {totals}; {wrong} differences without a reason.", ""]
        return "\n".join([*head, *table])
