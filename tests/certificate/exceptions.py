"""Where the two libraries may differ, and why; and what of the database is not covered, and why.

An exception is for some samples of some entries, never for an entry as a whole: it names the entries (a pattern), what may
differ, and a test of the sample. The samples that need one are counted in the row of the entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass
class Exempt:
    """Entries (patterns, separated by spaces), the kinds, dtypes and forms of differences (the same; all, if empty), the samples,
    and the reason.
    """

    entries: str
    reason: str
    kinds: str = ""
    dtypes: str = ""
    forms: str = ""
    when: Callable[[Any], bool] = lambda sample: True

    def fits(self, name: str, difference: Any, sample: Any) -> bool:
        """Whether it excuses a difference."""
        return (
            any(fnmatchcase(name, pattern) for pattern in self.entries.split())
            and (not self.kinds or difference.kind in self.kinds.split())
            and (not self.dtypes or difference.dtype in self.dtypes.split())
            and (not self.forms or any(fnmatchcase(difference.form, form) for form in self.forms.split(",")))
            and self.when(sample)
        )


EXEMPT: list[Exempt] = []

NOT_COVERED: dict[str, str] = {}


def exempted(name: str, found: list[Any], sample: Any) -> tuple[list[Any], list[str]]:
    """Of the differences of one sample, those that nothing excuses; and the reasons that excuse the others."""
    wrong, reasons = [], []
    for difference in found:
        reason = next((exempt.reason for exempt in EXEMPT if exempt.fits(name, difference, sample)), None)
        if reason is None:
            wrong.append(difference)
        else:
            reasons.append(reason)
    return wrong, reasons
