"""fetch: a file from the first mirror that has it, whole and right, or nothing.

pooch does the work: it downloads to a temporary name, compares the SHA-256, and only then gives the file its name, so a
download that breaks off leaves nothing behind and the next one starts afresh.
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


def data_folders() -> list[Path]:
    """Where data is looked for and kept: the folder that TINYGRAD_LITE_DATA names, if set, then the user's cache."""
    import pooch

    named = os.environ.get(VARIABLE)
    return [*([Path(named).expanduser()] if named else []), Path(pooch.os_cache("tinygrad_lite"))]


def fetch(
    name: str, sha256: str, mirrors: Sequence[str], folder: str | os.PathLike[str], progress: bool = True, timeout: float = 30
) -> Path:
    """The path of folder/name, downloaded from the first mirror (a URL that `name` is appended to) that delivers it.

    A file that is there already with the right SHA-256 is left as it is; another one is replaced. A progress bar shows
    on a terminal unless `progress` is False. `timeout` is how many seconds a mirror may stay silent. RuntimeError if no
    mirror delivers, within 1 GiB: it tells what each one did, and how to put the file there by hand.

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
    bar = progress and sys.stderr.isatty()
    log = pooch.get_logger()
    level = log.level
    log.setLevel("INFO" if bar else "WARNING")  # it announces each download, which belongs to the bar
    failures = []
    try:
        for mirror in mirrors:
            http = pooch.HTTPDownloader(progressbar=bar, timeout=timeout, chunk_size=1 << 16)

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
