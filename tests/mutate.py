"""A mutation run: break the code on purpose, in one small place at a time, and see whether a test notices.

    python tests/mutate.py [--mutants 200] [--seed 0] [--jobs 2] [--out FILE] [paths...]      (--check tries the runner itself)

Needs `pip install coverage` beside the test extra. A mutant is killed when a test fails, when the import or the collection
does, or when one test runs much longer than it should; one that survives has passed the whole suite. All happens in copies of
the checkout, in a temporary directory. The suite is first run once under coverage, which tells the tests that execute each
line: those go first, the rest follow in the order of their time. Torch and the rest are imported once, and each trial is a
fork of that process. With --out FILE a row is written as soon as it is known; the same command again goes on where it stopped,
unless the code or the tests have changed (then the old file becomes FILE.old).

Left out, as they would kill by chance: tests/test_speed.py, tests/test_examples.py, and every test with a clock in its text.
Tests that start a process come last. What is known to be red or is red under coverage is named, and left out too.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ["tinygrad_lite", "nn/optim", "nn/functional"]  # a folder, a file, or what is one or the other
LEFT_OUT = ("tests/test_speed.py", "tests/test_examples.py")
CLOCKS = ("perf_counter", "monotonic", "timeit")
SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}
MEMORY = 12 << 30  # a mutant may ask for no more
WRITTEN = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.In: "in"}
WRITTEN |= {ast.IsNot: "is not", ast.NotIn: "not in", ast.And: "and", ast.Or: "or", ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
WRITTEN |= {ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.BitAnd: "&", ast.BitOr: "|"}
PAIRS = ("< <=", "> >=", "== !=", "is is_not", "in not_in", "and or", "+ -", "* /", "& |")
OTHER = {a.replace("_", " "): b.replace("_", " ") for pair in PAIRS for a, b in (pair.split(), pair.split()[::-1])}
OTHER |= {"//": "*", "%": "*", "**": "*"}


class Change(NamedTuple):
    """One mutant: the bytes [start, end) of a file become `after`. `near` are ranges of lines, the narrowest first."""

    file: str
    line: int
    kind: str
    start: int
    end: int
    before: str
    after: str
    near: tuple[tuple[int, int], ...]

    def key(self) -> str:
        def short(text: str) -> str:
            return re.sub(r"\s+", " ", text).strip()

        return f"{self.file}:{self.line}\t{self.kind}\t{short(self.before)}  ->  {short(self.after) or '(nothing)'}"


class Finder:
    """All the changes that can be made to one file."""

    def __init__(self, file: str, source: bytes) -> None:
        self.file, self.source, self.found = file, source, list[Change]()
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.near = [(1, len(self.starts))]
        self.depth = 0  # of functions: statements of a module are not removed, as every import would notice
        self.visit(ast.parse(source), text=False)

    def at(self, node: Any) -> tuple[int, int]:
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def code(self, *nodes: Any) -> str:
        return self.source[self.at(nodes[0])[0] : self.at(nodes[-1])[1]].decode()

    def add(self, kind: str, place: Any, after: str) -> None:
        start, end = place if isinstance(place, tuple) else self.at(place)
        line, last = (1 + self.source.count(b"\n", 0, place) for place in (start, end))
        near = ((line, last), *reversed(self.near))
        self.found.append(Change(self.file, line, kind, start, end, self.source[start:end].decode(), after, near))

    def sign(self, kind: str, op: Any, left: Any, right: Any) -> None:
        """Another operator between two operands."""
        start, end = self.at(left)[1], self.at(right)[0]
        gap, old = self.source[start:end].decode(), WRITTEN.get(type(op), "")
        if old and old in gap and not (kind == "operator" and (is_text(left) or is_text(right))):
            after = self.code(left) + gap.replace(old, OTHER[old], 1) + self.code(right)
            self.add(kind, (self.at(left)[0], self.at(right)[1]), after)

    def visit(self, node: Any, text: bool) -> None:
        """What can be changed in a node and below; `text`: within a message of an error, whose words do not count."""
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr)) or is_words(node):
            return
        function = isinstance(node, (ast.FunctionDef, ast.ClassDef))
        if isinstance(node, ast.stmt) and not isinstance(node, ast.ClassDef):
            body = getattr(node, "body", None)
            self.near.append((node.lineno, body[0].lineno - 1 if body and not function else node.end_lineno or 0))
        self.depth += isinstance(node, ast.FunctionDef)
        for kind, place, after in self.ideas(node, text):
            self.add(kind, place, after)
        skip: set[str] = {"annotation", "returns"}
        if isinstance(node, ast.If) and "TYPE_CHECKING" in self.code(node.test):
            skip |= {"test", "body"}
        for name, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and name not in skip and not is_typing(node, child):
                    self.visit(child, text or isinstance(node, ast.Raise))
        self.depth -= isinstance(node, ast.FunctionDef)
        if isinstance(node, ast.stmt) and not isinstance(node, ast.ClassDef):
            self.near.pop()

    def ideas(self, node: Any, text: bool) -> Iterator[tuple[str, Any, str]]:
        if isinstance(node, ast.Compare):
            for op, left, right in zip(node.ops, [node.left, *node.comparators], node.comparators):
                self.sign("comparison", op, left, right)
        elif isinstance(node, ast.BinOp):
            self.sign("operator", node.op, node.left, node.right)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:]):
                self.sign("and/or", node.op, left, right)
        elif isinstance(node, ast.Constant):
            if after := another(node.value, text):
                yield "constant", node, after
        elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
            yield ("not" if isinstance(node.op, ast.Not) else "sign"), node, f"({self.code(node.operand)})"
        elif isinstance(node, ast.Lambda):
            arguments = [*node.args.posonlyargs, *node.args.args]
            if arguments and self.code(node.body) != arguments[0].arg:
                yield "lambda", node.body, arguments[0].arg
        elif isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            for b in [b for p in parts for b in ((p.lower, p.upper) if isinstance(p, ast.Slice) else (p,))]:
                if isinstance(b, (ast.Name, ast.UnaryOp, ast.BinOp)):
                    yield "index", b, f"{self.code(b)} + 1"
        elif isinstance(node, ast.Call) and not text:
            yield from self.arguments(node)
        elif isinstance(node, ast.arguments):
            yield from (("default", d, another(d.value, text) or "0") for d in [*node.defaults, *node.kw_defaults]
                        if isinstance(d, ast.Constant))
        elif isinstance(node, ast.With):
            start, end = self.at(node)[0], self.at(node.items[-1].optional_vars or node.items[-1].context_expr)[1]
            yield "with", (start, end), "if True"
        tests = [node.test] if isinstance(node, (ast.If, ast.While, ast.IfExp)) else getattr(node, "ifs", [])
        yield from (("condition", test, f"not ({self.code(test)})") for test in tests if "TYPE_CHECKING" not in self.code(test))
        rest = getattr(node, "orelse", None)
        if isinstance(rest, list) and rest:
            elif_ = isinstance(rest[0], ast.If) and self.code(rest[0]).startswith("elif")
            yield "branch", rest[0].test if elif_ else (self.at(rest[0])[0], self.at(rest[-1])[1]), "False" if elif_ else "pass"
        if self.depth and isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Raise, ast.Expr, ast.Delete)):
            yield "statement", node, "pass"
        if isinstance(node, ast.Return) and node.value:
            yield "statement", node.value, "None"
        if isinstance(node, (ast.Break, ast.Continue)):
            yield "statement", node, "pass"
        if isinstance(node, ast.AugAssign):
            self.sign("operator", node.op, node.target, node.value)

    def arguments(self, node: ast.Call) -> Iterator[tuple[str, Any, str]]:
        """The call without one of its arguments, or with two neighbours exchanged."""
        given = sorted([*node.args, *node.keywords], key=self.at)
        if not given or (len(given) == 1 and isinstance(given[0], ast.GeneratorExp)):
            return
        place, parts = (self.at(given[0])[0], self.at(given[-1])[1]), [self.code(x) for x in given]
        for i, x in enumerate(given):
            if not is_typing(node, x):
                yield ("keyword" if isinstance(x, ast.keyword) else "argument"), place, ", ".join(parts[:i] + parts[i + 1 :])
        for i in range(len(node.args) - 1):
            if parts[i] != parts[i + 1] and not is_typing(node, node.args[i]):
                yield "argument", place, ", ".join([*parts[:i], parts[i + 1], parts[i], *parts[i + 2 :]])


def is_text(node: Any) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def is_words(node: Any) -> bool:
    """A docstring, `__all__`, `__slots__`, or the name of a type."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return any(getattr(t, "id", "") in ("__all__", "__slots__", "__version__") for t in targets) or (
            node.value is None or re.match(r"(Callable|Any|Union|TypeVar)\b|.* \| None$", ast.unparse(node.value)) is not None
        )
    return isinstance(node, ast.FunctionDef) and any(ast.unparse(d).endswith("overload") for d in node.decorator_list)


def is_typing(node: Any, child: Any) -> bool:
    """The type in `cast("type", value)`."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "cast" and isinstance(child, ast.Constant)


def another(value: Any, text: bool) -> str | None:
    """Another constant instead; None for words."""
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, (int, float)):
        return "0" if value == 1 else repr(value + 1)
    return repr(value + "_x") if isinstance(value, str) and value.isidentifier() and not text else None


def draw(files: list[str], count: int, seed: int) -> list[Change]:
    """Random changes: a file by how much there is in it, then a kind, then a place. Each compiles, and says something new."""
    rng = random.Random(seed)
    sources = {file: (ROOT / file).read_bytes() for file in files}
    found = {file: [c for c in Finder(file, source).found if c.before != c.after] for file, source in sources.items()}
    found = {file: changes for file, changes in found.items() if changes}
    drawn: list[Change] = []
    while len(drawn) < count and any(found.values()):
        file = rng.choices(list(found), [len(changes) for changes in found.values()])[0]
        kind = rng.choice(sorted({c.kind for c in found[file]}))
        change = rng.choice([c for c in found[file] if c.kind == kind])
        found[file].remove(change)
        try:
            if ast.dump(ast.parse(mutated(sources[file], change))) != ast.dump(ast.parse(sources[file])):
                drawn.append(change)
        except SyntaxError:
            pass
    return drawn


def mutated(source: bytes, change: Change) -> bytes:
    return source[: change.start] + change.after.encode() + source[change.end :]


# The trials: a tree for each job, and a fork of this process for each session of pytest.


def make_tree(tree: Path) -> str:
    """A copy of the checkout as git knows it, importable from its root; returns a digest of the code."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    digest = hashlib.sha256()
    for name in sorted(listed.stdout.decode().split("\0")):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
            if name.endswith((".py", ".toml")) and (ROOT / name) != Path(__file__).resolve():
                digest.update(name.encode() + (ROOT / name).read_bytes())
    places = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"].get("package-dir", {})
    for package, folder in places.items():
        target = tree / package.replace(".", "/")
        if not target.exists():
            target.symlink_to(os.path.relpath(tree / folder, target.parent))
    return digest.hexdigest()[:16]


class Order:
    """A plugin for pytest: the tests of one session in their order, a note of which is running, and an alarm for each."""

    def __init__(self, tree: Path, order: dict[str, int], known: dict[str, Any]) -> None:
        self.tree, self.order, self.known, self.failed = tree, order, known, False

    def note(self, text: str, seconds: float) -> None:
        (self.tree / "note").write_text(text, encoding="utf-8")
        signal.setitimer(signal.ITIMER_REAL, seconds)  # its signal ends the process, wherever that is

    def pytest_collectstart(self, collector: Any) -> None:
        if not self.failed:
            self.note(f"collection of {collector.nodeid or 'all'}", 60)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = True
            self.note(f"collection of {report.nodeid}", 60)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if item.nodeid in self.order or item.nodeid not in self.known["seconds"]]
        items.sort(key=lambda item: self.order.get(item.nodeid, -1))

    def pytest_runtest_protocol(self, item: Any) -> None:
        self.note(item.nodeid, 20 + 20 * float(self.known["seconds"].get(item.nodeid, 0)))


class Watch:
    """A plugin for pytest: which lines each test executes, how long it takes, and whether it starts a process."""

    def __init__(self, tree: Path, files: list[str]) -> None:
        import coverage

        self.tree, self.files, self.now, self.start = tree, files, "", 0.0
        self.seconds, self.red, self.clocks, self.processes = dict[str, float](), list[str](), list[str](), set[str]()
        self.coverage = coverage.Coverage(data_file=None, include=[str((tree / f).resolve()) for f in files], config_file=False)
        self.coverage.start()
        sys.addaudithook(lambda event, _: self.processes.add(self.now) if event == "subprocess.Popen" else None)

    def pytest_runtest_protocol(self, item: Any) -> None:
        import inspect

        self.now, self.start = item.nodeid, time.perf_counter()
        if any(clock in inspect.getsource(item.function) for clock in CLOCKS):
            self.clocks.append(item.nodeid)
        self.coverage.switch_context(item.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.coverage.switch_context("")
        self.seconds[nodeid] = round(time.perf_counter() - self.start, 4)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.red.append(report.nodeid)

    def save(self, path: Path) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        tests = {nodeid: i for i, nodeid in enumerate(self.seconds)}
        lines: dict[str, dict[int, list[int]]] = {}
        for file in self.files:
            executed = data.contexts_by_lineno(str((self.tree / file).resolve()))
            lines[file] = {line: [tests[t] for t in by if t in tests] for line, by in executed.items()}
        touched = Counter(t for by_line in lines.values() for by in by_line.values() for t in by)
        left_out = sorted({*self.red, *self.clocks})
        found = {"seconds": self.seconds, "lines": lines, "touched": [touched[i] for i in range(len(tests))]}
        found |= {"left_out": left_out, "red": sorted(set(self.red)), "processes": sorted(self.processes - {""})}
        path.write_text(json.dumps(found), encoding="utf-8")


def fork(tree: Path, work: Callable[[], int]) -> int:
    """The number of a new process that does the work, in the tree, and leaves with what it returns."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        log = os.open(tree / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(tree)
        os.environ.update(PYTHONPATH=str(tree), XDG_CACHE_HOME=str(tree / "cache"), TMPDIR=str(tree / "tmp"))
        shutil.rmtree(tree / "tmp", ignore_errors=True)
        (tree / "tmp").mkdir()
        tempfile.tempdir = None
        sys.path.insert(0, str(tree))
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def suite(tree: Path, plugin: Any, files: list[str], *options: str) -> int:
    import pytest

    fixed = ["-p", "no:cacheprovider", f"--rootdir={tree}", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    fixed += [f"--ignore={name}" for name in LEFT_OUT]
    return int(pytest.main([*fixed, *options, *files], plugins=[plugin] if plugin else []))


def wait(pid: int) -> int:
    """The exit status of a child, negative for a signal; what it started ends with it."""
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    end_group(pid)
    return status


def end_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def learn(tree: Path, files: list[str], digest: str, kept: Path | None) -> dict[str, Any]:
    """One run of the whole suite under coverage, which also leaves the compiled files that the trials start from."""

    def work() -> int:
        sys.dont_write_bytecode = False
        watch = Watch(tree, files)
        code = suite(tree, watch, ["tests"])
        import tinygrad_lite

        assert Path(tinygrad_lite.__file__).is_relative_to(tree), tinygrad_lite.__file__
        watch.save(tree / "known.json")
        return code

    def only_compile() -> int:
        sys.dont_write_bytecode = False
        return suite(tree, None, ["tests"], "--collect-only")

    if kept and kept.exists() and (known := json.loads(kept.read_text(encoding="utf-8")))["digest"] == digest:
        wait(fork(tree, only_compile))
        return dict(known)
    code = wait(fork(tree, work))
    if code not in (0, 1):
        raise SystemExit(f"the suite does not run on the code as it is ({code}):\n" + (tree / "log").read_text()[-3000:])
    known = json.loads((tree / "known.json").read_text(encoding="utf-8")) | {"digest": digest}
    if kept:
        kept.write_text(json.dumps(known), encoding="utf-8")
    return dict(known)


def plan(change: Change, known: dict[str, Any]) -> list[list[str]]:
    """The tests in two sessions: a few that execute the line and little else, in few files; then all, likely ones first."""
    names, touched, out = list(known["seconds"]), known["touched"], {*known["left_out"]}
    lines = known["lines"].get(change.file, {})
    covering: list[int] = []
    for first, last in change.near:
        covering = sorted({t for line in range(first, last + 1) for t in lines.get(str(line), ())}, key=lambda t: touched[t])
        if covering:
            break
    covering = [t for t in covering if names[t] not in out]
    few, per, cost = [], Counter[str](), 0.0
    for t in covering:
        name, seconds = names[t].partition("[")[0], known["seconds"][names[t]]
        if per[name] < 3 and cost + seconds < 3 and names[t] not in known["processes"]:
            per[name], cost = per[name] + 1, cost + seconds
            few.append(names[t])
        if len(few) == 60:
            break
    likely = {names[t]: i for i, t in enumerate(covering)}
    processes = {*known["processes"]}
    rest = [name for name in names if name not in out and name not in set(few)]
    rest.sort(key=lambda name: (name in processes, likely.get(name, len(names)), known["seconds"][name]))
    return [few, rest]


def trials(changes: list[Change], trees: list[Path], known: dict[str, Any]) -> Iterator[tuple[Change, str, str, float]]:
    """(change, verdict, by which test, seconds) as they come to an end."""
    todo, free, running = list(changes), list(trees), dict[int, tuple[Change, Path, list[list[str]], float]]()

    def start(change: Change, tree: Path, sessions: list[list[str]], since: float) -> None:
        order = {name: i for i, name in enumerate(sessions[0])}
        files = list(dict.fromkeys(name.partition("::")[0] for name in sessions[0]))
        plugin = Order(tree, order, known)
        pid = fork(tree, lambda: suite(tree, plugin, files, "-x", "--tb=no"))
        running[pid] = change, tree, sessions[1:], since

    try:
        while todo or running:
            while todo and free:
                change, tree = todo.pop(0), free.pop()
                path, original = tree / change.file, (ROOT / change.file)
                path.write_bytes(mutated(path.read_bytes(), change))
                os.utime(path, (1, original.stat().st_mtime + 100))  # no compiled file is of that time
                start(change, tree, [tests for tests in plan(change, known) if tests], time.monotonic())
            pid, status = os.wait()
            if pid not in running:
                continue
            end_group(pid)
            change, tree, sessions, since = running.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            if code in (0, 5) and sessions:
                start(change, tree, sessions, since)
                continue
            (tree / change.file).write_bytes((trees[0].parent / "pristine" / change.file).read_bytes())
            shutil.copystat(trees[0].parent / "pristine" / change.file, tree / change.file)
            verdict = "survived" if code in (0, 5) else "timeout" if code == -signal.SIGALRM else "killed"
            by = "" if verdict == "survived" else (tree / "note").read_text(encoding="utf-8")
            yield change, verdict, by + (f" (signal {-code})" if code < 0 else ""), time.monotonic() - since
            free.append(tree)
    finally:
        for pid in running:
            end_group(pid)


def checks() -> list[Change]:
    """The runner on trial: a comment, which must survive; a wrong product and an endless loop, which must not."""
    file = "tinygrad_lite/ops/elementwise.py"
    source = (ROOT / file).read_bytes()
    place = source.index(b"return x * y")
    line = 1 + source.count(b"\n", 0, place)
    cases = {"check: survives": "return x * y  # why", "check: killed": "return x + y", "check: timeout": "while True: pass"}
    end = place + len(b"return x * y")
    return [Change(file, line, kind, place, end, "return x * y", after, ((line, line),)) for kind, after in cases.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description="Random mutants of the code, and which of them the tests notice.")
    parser.add_argument("--mutants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="the table; a run that was stopped goes on from it")
    parser.add_argument("--check", action="store_true", help="try the runner itself on three changes whose fate is known")
    parser.add_argument("--list", action="store_true", help="only show the mutants")
    parser.add_argument("paths", nargs="*", default=DEFAULT)
    options = parser.parse_args()
    found = [p for path in options.paths for p in (ROOT / path, ROOT / f"{path}.py") if p.exists()]
    files = sorted({str(f.relative_to(ROOT)) for p in found for f in (p.rglob("*.py") if p.is_dir() else [p])})
    changes = checks() if options.check else draw(files, options.mutants, options.seed)
    if options.list:
        print("\n".join(change.key() for change in changes))
        return
    os.environ.update(SETTINGS)
    sys.dont_write_bytecode = True
    sys.path[:] = [p for p in sys.path if not Path(p or ".").resolve().is_relative_to(ROOT)]
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        run(changes, sorted({*files, *(c.file for c in changes)}), Path(folder).resolve(), options)


def run(changes: list[Change], files: list[str], folder: Path, options: argparse.Namespace) -> None:
    digest = make_tree(folder / "pristine")
    head = f"# {digest} seed {options.seed}"
    rows: dict[str, list[str]] = {}
    if options.out and options.out.exists():
        lines = options.out.read_text(encoding="utf-8").splitlines()
        if lines and lines[0] == head:
            rows = {"\t".join(parts[1:4]): parts for parts in (line.split("\t") for line in lines[1:]) if len(parts) == 6}
        else:
            options.out.replace(f"{options.out}.old")
    warm_up()
    print(f"{len(changes)} mutants; the suite under coverage first", flush=True)
    shutil.copytree(folder / "pristine", folder / "0", symlinks=True)
    kept = options.out and options.out.with_suffix(".known")
    known = learn(folder / "0", files, digest + " ".join(files), kept)
    total = sum(known["seconds"].values())
    print(f"{len(known['seconds'])} tests, {total:.0f} s; red and left out: {known['red'] or 'none'}", flush=True)
    trees = [folder / str(i) for i in range(options.jobs)]
    for tree in trees[1:]:
        shutil.copytree(trees[0], tree, symlinks=True)
    out = options.out.open("a", encoding="utf-8") if options.out else None
    if out and not rows:
        print(head, file=out, flush=True)
    todo = [change for change in changes if change.key() not in rows]
    for done, (change, verdict, by, seconds) in enumerate(trials(todo, trees, known), 1):
        rows[change.key()] = row = [verdict, *change.key().split("\t"), by, f"{seconds:.1f}"]
        print(f"{len(changes) - len(todo) + done}/{len(changes)}", *row, sep="  ", flush=True)
        if out:
            print(*row, sep="\t", file=out, flush=True)
    verdicts = Counter(rows[change.key()][0] for change in changes)
    killed = len(changes) - verdicts["survived"]
    print(f"\n{killed} of {len(changes)} killed ({killed / max(len(changes), 1):.1%}), {verdicts['timeout']} of them by time")
    for change in changes:
        if rows[change.key()][0] == "survived":
            source = (ROOT / change.file).read_text(encoding="utf-8").splitlines()[change.line - 1]
            print(f"\nsurvived: {change.key()}\n    {source.strip()}".replace("\t", "  "))


def warm_up() -> None:
    """Import once what the tests import, so that each fork has it; nothing of ours. And no examples kept by hypothesis."""
    import hypothesis
    import torch

    for name in ("hypothesis.extra.numpy", "matplotlib.figure", "matplotlib.backends.backend_agg", "sklearn.datasets"):
        import_module(name)

    torch.set_num_threads(1)
    hypothesis.settings.register_profile("mutate", database=None, derandomize=True)
    hypothesis.settings.load_profile("mutate")


if __name__ == "__main__":
    main()
