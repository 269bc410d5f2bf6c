"""python -m tinygrad_lite explain script.py: run a script, watched, and make the page of one of its backward passes.

The script runs as `python script.py` would. When it calls backward() for the first time (or the nth), the page is made, before
anything is freed, and the script ends; with --continue it goes on. If an op raises before that, the page shows the graph up to
it.
"""

from __future__ import annotations

import argparse
import runpy
import sys
import traceback
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import autograd
from .. import backward as walk
from .._tensor import Tensor
from .explanation import Explanation, explain, explain_failure, watch


class Done(BaseException):
    """Ends the script once the page is made; not an Exception, so that the script does not catch it."""


class Backward:
    """Counts the calls of backward(), and explains the nth (from 1) or, if `nth` is 0, each, of which the last remains."""

    def __init__(self, nth: int, go_on: bool) -> None:
        self.nth, self.go_on, self.count = nth, go_on, 0
        self.explanation: Explanation | None = None

    def called(self, tensors: Any) -> None:
        given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
        if len(given) != 1 or given[0].array.size != 1 or given[0].node is None:
            return  # of several tensors or elements it is not one loss
        self.count += 1
        if self.nth in (0, self.count):
            self.explanation = explain(given[0])
            if self.nth and not self.go_on:
                raise Done


@contextmanager
def listening(to: Backward) -> Iterator[None]:
    """Within it, backward() tells of each call, however it is called: loss.backward() or autograd.backward(loss)."""
    original = walk.backward

    @wraps(original)
    def backward(tensors: Any, *args: Any, **options: Any) -> None:
        to.called(tensors)
        original(tensors, *args, **options)

    walk.backward = autograd.backward = backward
    try:
        yield
    finally:
        walk.backward = autograd.backward = original


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m tinygrad_lite", description="tinygrad_lite: see how a gradient came about.")
    found.add_argument("--version", action="version", version=f"tinygrad_lite {version('tinygrad_lite')}")
    commands = found.add_subparsers(dest="command", title="commands")
    one = commands.add_parser("explain", help="run a script and make the page of a backward pass", description=__doc__)
    one.formatter_class = argparse.RawDescriptionHelpFormatter
    one.add_argument("--out", type=Path, help="the file of the page (default: SCRIPT.explain.html in this folder)")
    which = one.add_mutually_exclusive_group()
    which.add_argument("--nth", type=number, default=1, metavar="N", help="which call of backward() to explain (default: 1)")
    which.add_argument("--last", action="store_true", help="the last one; the script runs to its end, slower")
    one.add_argument("--continue", action="store_true", dest="go_on", help="let the script run on after the page is made")
    one.add_argument("--open", action="store_true", help="show the page in the browser")
    one.add_argument("--text", action="store_true", help="print the explanation in words; writes no page unless --out is given")
    one.add_argument("script", type=Path, help="the script")
    one.add_argument("args", nargs=argparse.REMAINDER, help="its arguments")
    return found


def number(text: str) -> int:
    if (n := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return n


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit status."""
    args = parser().parse_args(arguments)
    if args.command is None:
        parser().print_help()
        return 0
    if not args.script.is_file():
        print(f"explain: there is no file {args.script}", file=sys.stderr)
        return 2
    to = Backward(0 if args.last else args.nth, args.go_on)
    status, explained = run(args.script, args.args, to)
    if explained is None:
        if not status:
            many = f"{to.count} times, fewer than --nth {args.nth}" if to.count else "never"
            print(f"explain: {args.script} called backward() {many}, so there is nothing to explain", file=sys.stderr)
        return status or 1
    if args.text:
        print(explained.text())
    if args.out or not args.text:
        path = explained.save(args.out or Path(f"{args.script.stem}.explain.html"))
        print(f"Page: {path}")
        if args.open:
            webbrowser.open(path.resolve().as_uri())
    return status


def run(script: Path, arguments: list[str], to: Backward) -> tuple[int, Explanation | None]:
    """Run a script, watched: its exit status, and the explanation of its backward pass or of the op that raised."""
    argv, path = sys.argv, list(sys.path)
    sys.argv, sys.path[0] = [str(script), *arguments], str(script.resolve().parent)
    seen = watch()
    try:
        with seen, listening(to):
            runpy.run_path(str(script), run_name="__main__")
    except Done:
        pass
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return code, to.explanation or last(seen, to)
    except Exception as error:
        first = error.__traceback__
        while first and first.tb_frame.f_code.co_filename != str(script):
            first = first.tb_next
        traceback.print_exception(type(error), error, first or error.__traceback__)
        try:
            return 1, explain_failure(error)
        except RuntimeError:
            return 1, to.explanation  # raised by no op
    finally:
        sys.argv, sys.path[:] = argv, path
    return 0, to.explanation or last(seen, to)


def last(seen: watch, to: Backward) -> Explanation | None:
    """Of a script without backward(): the last result, if it is one number."""
    return seen.explain() if not to.count and seen.last is not None and seen.last.array.size == 1 else None
