"""What the lessons in examples/ share: checked options, what Ctrl-C does, and where the figure goes.

    from tinygrad_lite.nn import lesson

    options = lesson.Options("Two classifiers learn Iris.")             # an ArgumentParser that has --out
    options.add_argument("--epochs", type=lesson.count, default=100)
    args = options.parse()
    with lesson.until_interrupted(lambda: trainer.history):             # Ctrl-C ends the training, not the lesson
        trainer.fit(model, batches)
    lesson.finish(figure, args.out)                                     # writes the figure; in a notebook, shows it

A notebook has no command line, so the defaults hold there. It is part of the package, so that a lesson runs wherever it is
copied to. nn does not import it: who writes no lesson does not load it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from matplotlib.figure import Figure
from tqdm import tqdm

from .module import Module
from .plots import save_figure
from .trainer import Callback, Trainer

if TYPE_CHECKING:
    from tinygrad_lite import Explanation

IN_A_NOTEBOOK = "ipykernel" in sys.modules
Item = TypeVar("Item")
_interrupted = False  # by Ctrl-C; a script then skips what is still to be trained, and exits with 130


def count(text: str) -> int:
    """The type of an option that is a whole number from 1."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return number


def rate(text: str) -> float:
    """The type of an option that is a positive number."""
    if not 0 < (number := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"must be a positive number, got {text}")
    return number


class Options(argparse.ArgumentParser):
    """An ArgumentParser that has `--out`, the file of the figure, and checks it before anything is trained."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description)
        figure = Path("figures", Path(sys.argv[0]).stem + ".png")
        self.add_argument("--out", type=Path, default=figure, help=f"the file of the figure (default: {figure})")

    def parse(self, short: Mapping[str, Any] | None = None) -> argparse.Namespace:
        """The options of the command line; with `--short`, those of `short` that were not given take the values there."""
        if IN_A_NOTEBOOK:
            return self.parse_args([])
        if short and self.parse_args().short:
            self.set_defaults(**short)
        args = self.parse_args()
        self._check_figure(args.out)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # so that each line is seen at once, also in a pipe
        sys.excepthook = _without_traceback
        return args

    def _check_figure(self, path: Path) -> None:
        figure_formats = Figure().canvas.get_supported_filetypes()
        if path.is_dir():
            self.error(f"argument --out: {path} is a folder; give a file, such as {path / 'figure.png'}")
        if path.suffix and path.suffix[1:].lower() not in figure_formats:
            self.error(f"argument --out: {path} has an unknown format; there are {', '.join(sorted(figure_formats))}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=path.parent).close()
        except OSError as error:
            self.error(f"argument --out: no file can be written to {path.parent}: {error.strerror}")


@contextmanager
def until_interrupted(finished: Callable[[], object]) -> Iterator[None]:
    """Ctrl-C ends this block, and the lesson goes on with what is `finished()`; if that is nothing, the lesson ends."""
    global _interrupted
    try:
        yield
    except KeyboardInterrupt:
        if not finished():
            raise
        _interrupted = not IN_A_NOTEBOOK  # there, the reader decides which cell is run next
        print("\nInterrupted: the lesson goes on with what is finished.")


def unless_interrupted(items: Iterable[Item]) -> Iterator[Item]:
    """The items, until Ctrl-C."""
    for item in items:
        if _interrupted:
            return
        yield item


def finish(figure: Figure, path: Path, explained: Explanation | None = None) -> None:
    """The end of a lesson: write the figure, and the page of an explanation beside it; or show them if this is a notebook.

    After Ctrl-C the exit status is 130, so that a script does not take the figure for that of a whole run.
    """
    if IN_A_NOTEBOOK:
        from IPython.display import Image, display

        picture = BytesIO()
        figure.savefig(picture, format="png")
        display(Image(picture.getvalue()))
        if explained is not None:
            display(explained)
        return
    if explained is not None:
        print(f"Page: {explained.save(path.with_suffix('.html'))}")
    save_figure(figure, path)
    print(f"Figure: {path}")
    if _interrupted:
        sys.exit(130)


class PrintEpochs(Callback):
    """Prints these columns of the history, a row as soon as its epoch has ended."""

    def __init__(self, *columns: str) -> None:
        self.columns = columns

    def on_fit_start(self, trainer: Trainer, model: Module) -> None:
        self._write(trainer, [name.replace("_", " ") for name in ("epoch", *self.columns)])

    def on_train_epoch_end(self, trainer: Trainer, model: Module) -> None:
        row = [f"{trainer.history[name][-1]:.4f}" for name in self.columns]
        self._write(trainer, [str(trainer.history["epoch"][-1]), *row])

    def _write(self, trainer: Trainer, words: list[str]) -> None:
        if not trainer.is_global_zero:
            return
        first, *others = words
        widths = [len(name) + 2 for name in self.columns]
        tqdm.write(f"{first:>5}" + "".join(f"{word:>{width}}" for word, width in zip(others, widths)))  # above the bar


def _without_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What is printed for an exception that ends the script: for Ctrl-C one line is enough."""
    if issubclass(kind, KeyboardInterrupt):
        print("\nInterrupted.", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
