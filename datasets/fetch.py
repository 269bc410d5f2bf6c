"""fetch: a file from the first mirror that delivers it complete and with the right SHA-256, or an error and no file.

pooch does the work: it downloads to a temporary name, compares the SHA-256, and only then gives the file its name. A download
that breaks off leaves nothing behind, and the next one starts again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any

VARIABLE = "TINYGRAD_LITE_DATA"
LARGEST = 1 << 30  # bytes of a download; a mirror that sends more is given up


class _Bounded(FileIO):
    """A file that takes no more than LARGEST bytes."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > LARGEST:
            raise OSError(f"it sends more than {LARGEST} bytes")
        return super().write(data)


def _bar(name: str) -> Any:
    """A progress bar in bytes, for a terminal or, where ipywidgets is installed, a notebook's own."""
    from tqdm.auto import tqdm

    return tqdm(desc=name, total=1, unit="B", unit_scale=True)  # pooch sets the total when it knows it; a tqdm of 0 is false


def data_folders() -> list[Path]:
    """Where data is searched for and kept: the folder that TINYGRAD_LITE_DATA names, if it is set, then the user's cache."""
    import pooch

    named = os.environ.get(VARIABLE)
    return [*([Path(named).expanduser()] if named else []), Path(pooch.os_cache("tinygrad_lite"))]


def fetch(
    name: str, sha256: str, mirrors: Sequence[str], folder: str | os.PathLike[str], progress: bool = True, timeout: float = 30
) -> Path:
    """The path of folder/name, downloaded from the first mirror (a URL that `name` is appended to) that delivers it.

    A file that is there already with the right SHA-256 is left as it is; a wrong one is replaced. A terminal or a notebook
    shows a progress bar, unless `progress` is False. `timeout` is how many seconds a mirror may stay silent. RuntimeError if
    no mirror delivers the file, or only more than 1 GiB: it says what each one did, and how to put the file there by hand.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.txt").write_bytes(b"data")  # it is there already
    ...     sha256 = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"
    ...     fetch("a.txt", sha256, ["https://example.org/"], folder).name
    'a.txt'
    """
    import pooch

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    bar = progress and (sys.stderr.isatty() or "ipykernel" in sys.modules)  # the messages of a notebook are not a terminal
    log = pooch.get_logger()
    level = log.level
    log.setLevel("INFO" if bar else "WARNING")  # it announces each download, which is wanted where the bar is
    failures = []
    try:
        for mirror in mirrors:
            http = pooch.HTTPDownloader(progressbar=bar and _bar(name), timeout=timeout, chunk_size=1 << 16)

            def download(url: str, path: str, source: Any, http: Any = http) -> None:
                with _Bounded(path, "wb") as file:
                    http(url, file, source)

            try:
                return Path(pooch.retrieve(mirror + name, known_hash=sha256, fname=name, path=folder, downloader=download))
            except (OSError, ValueError) as error:  # what requests raises is an OSError; a wrong checksum a ValueError
                failures.append(f"  {mirror}{name}\n    {type(error).__name__}: {error}")
    finally:
        log.setLevel(level)
    raise RuntimeError(
        "\n".join(
            [
                f"{name} could not be downloaded. What was tried:",
                *failures,
                f"Download it by hand (its SHA-256 is {sha256})",
                f"and put it into {folder.resolve()}, or into a folder that the environment variable {VARIABLE} names.",
            ]
        )
    )
