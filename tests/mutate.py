"""A mutation run: break the code on purpose, in one small place at a time, and see whether a test notices.

    python tests/mutate.py [--mutants 200] [--seed 0] [--jobs 2] [--out FILE] [paths...]      (--check tries the runner itself)

Needs `pip install coverage` beside the test extra. A mutant is killed when a test fails, when the import or the collection
does, or when one test runs much longer than it should. All happens in copies of the checkout, in a temporary directory. The
suite is first run once under coverage, which tells the tests that execute each line. One that survives has passed all of them;
where the line runs at import, or in no test, also the short ones among the others, at most eight of each parametrized test
(--whole: always all others). Torch and the rest are imported once, and each trial is a fork of that process. With --out FILE
a row is written as soon as it is known; the same command again goes on where it stopped, unless the code or the tests have
changed (then the old file becomes FILE.old). FILE.known keeps what was learnt of the tests.

Left out, as they would kill by chance: tests/test_speed.py, tests/test_examples.py, and every test with a clock in its text.
What a test does in a process of its own is not seen by coverage. What is red without any change is named, and left out too.
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
from inspect import getsource
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ["tinygrad_lite", "nn/optim", "nn/functional"]  # a folder, a file, or what is one or the other
LEFT_OUT = ("tests/test_speed.py", "tests/test_examples.py")
CLOCKS = ("perf_counter", "monotonic", "timeit")
SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}
MEMORY = 12 << 30  # a mutant may ask for no more

WRITTEN: dict[type, str]
WRITTEN = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is", ast.In: "in"}
WRITTEN |= {ast.IsNot: "is not", ast.NotIn: "not in", ast.And: "and", ast.Or: "or", ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
WRITTEN |= {ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.BitAnd: "&", ast.BitOr: "|"}
OTHER = {"<": "<=", ">": ">=", "==": "!=", "is": "is not", "in": "not in", "and": "or", "+": "-", "*": "/", "&": "|"}
OTHER |= {after: before for before, after in OTHER.items()} | {"//": "*", "%": "*", "**": "*"}


class Change(NamedTuple):
    """One mutant: the bytes [start, end) of a file become `after`. `near`: ranges of lines around it, the narrowest first."""

    file: str
    line: int
    kind: str
    start: int
    end: int
    before: str
    after: str
    near: tuple[tuple[int, int], ...]

    def key(self) -> str:
        before, after = (re.sub(r"\s+", " ", text).strip() for text in (self.before, self.after))
        return f"{self.file}:{self.line}\t{self.kind}\t{before}  ->  {after or '(nothing)'}"

    def made(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]


class Finder:
    """All the changes that can be made to one file."""

    def __init__(self, file: str, source: bytes) -> None:
        self.file, self.source, self.found = file, source, list[Change]()
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.visit(ast.parse(source), ((1, len(self.starts)),), inside=False, words=False)

    def at(self, first: Any, last: Any = None) -> tuple[int, int]:
        last = last or first
        return self.starts[first.lineno - 1] + first.col_offset, self.starts[last.end_lineno - 1] + last.end_col_offset

    def code(self, node: Any) -> str:
        return self.source[slice(*self.at(node))].decode()

    def visit(self, node: Any, near: tuple[tuple[int, int], ...], inside: bool, words: bool) -> None:
        """A node and all below it. `inside` a function; `words`: in a message of an error, whose words do not count."""
        if is_declaration(node) or isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr)):
            return
        if isinstance(node, ast.stmt) and not isinstance(node, ast.ClassDef):
            head = not isinstance(node, ast.FunctionDef) and getattr(node, "body", None)
            near = ((node.lineno, head[0].lineno - 1 if head else node.end_lineno or 0), *near)
        inside = inside or isinstance(node, ast.FunctionDef)
        for kind, (start, end), after in self.ideas(node, inside, words):
            line, last = (1 + self.source.count(b"\n", 0, place) for place in (start, end))
            before = self.source[start:end].decode()
            self.found.append(Change(self.file, line, kind, start, end, before, after, ((line, last), *near)))
        for name, value in ast.iter_fields(node):
            types = name in ("annotation", "returns") or (name in ("test", "body") and self.is_typing(node))
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not types and not is_type(node, child):
                    self.visit(child, near, inside, words or isinstance(node, ast.Raise))

    def is_typing(self, node: ast.AST) -> bool:
        return isinstance(node, ast.If) and "TYPE_CHECKING" in self.code(node.test)

    def ideas(self, node: Any, inside: bool, words: bool) -> Iterator[tuple[str, tuple[int, int], str]]:
        """(kind, where, what is written instead) for one node. What does not compile is sorted out later."""
        at, code = self.at, self.code
        if isinstance(node, ast.Compare):
            yield from self.signs("comparison", node.ops, [node.left, *node.comparators])
        elif isinstance(node, ast.BinOp) and not is_text(node.left) and not is_text(node.right):
            yield from self.signs("operator", [node.op], [node.left, node.right])
        elif isinstance(node, ast.BoolOp):
            yield from self.signs("and/or", [node.op] * len(node.values), node.values)
        elif isinstance(node, ast.Constant) and (after := another(node.value, words)):
            yield "constant", at(node), after
        elif isinstance(node, ast.UnaryOp):
            yield ("not" if isinstance(node.op, ast.Not) else "sign"), at(node), f"({code(node.operand)})"
        elif isinstance(node, ast.Lambda) and node.args.args and code(node.body) != node.args.args[0].arg:
            yield "lambda", at(node.body), node.args.args[0].arg
        elif isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            for bound in [b for p in parts for b in ((p.lower, p.upper) if isinstance(p, ast.Slice) else (p,))]:
                if isinstance(bound, (ast.Name, ast.UnaryOp, ast.BinOp)):
                    yield "index", at(bound), f"{code(bound)} + 1"
        elif isinstance(node, ast.Call) and not words:
            yield from self.arguments(node)
        elif isinstance(node, ast.arguments):
            for default in [d for d in [*node.defaults, *node.kw_defaults] if isinstance(d, ast.Constant)]:
                yield "default", at(default), another(default.value, words) or "0"
        elif isinstance(node, ast.With):
            yield "with", at(node, node.items[-1].optional_vars or node.items[-1].context_expr), "if True"
        elif isinstance(node, ast.Return) and node.value:
            yield "statement", at(node.value), "None"
        elif isinstance(node, ast.AugAssign):
            yield from self.signs("operator", [node.op], [node.target, node.value])
        tests = [node.test] if isinstance(node, (ast.If, ast.While, ast.IfExp)) else getattr(node, "ifs", [])
        yield from (("condition", at(test), f"not ({code(test)})") for test in tests if not self.is_typing(node))
        rest = getattr(node, "orelse", None)
        if isinstance(rest, list) and rest:
            is_elif = isinstance(rest[0], ast.If) and code(rest[0]).startswith("elif")
            yield ("branch", at(rest[0].test), "False") if is_elif else ("branch", at(rest[0], rest[-1]), "pass")
        plain = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Raise, ast.Expr, ast.Delete, ast.Break, ast.Continue)
        if inside and isinstance(node, plain):  # at the top of a module every import would notice
            yield "statement", at(node), "pass"

    def signs(self, kind: str, ops: list[Any], operands: list[Any]) -> Iterator[tuple[str, tuple[int, int], str]]:
        """Another operator between two operands."""
        for op, left, right in zip(ops, operands, operands[1:]):
            gap, sign = self.source[self.at(left)[1] : self.at(right)[0]].decode(), WRITTEN.get(type(op), "")
            if sign and sign in gap:
                yield kind, self.at(left, right), self.code(left) + gap.replace(sign, OTHER[sign], 1) + self.code(right)

    def arguments(self, node: ast.Call) -> Iterator[tuple[str, tuple[int, int], str]]:
        """The call without one of its arguments, or with two neighbours exchanged."""
        given = sorted([*node.args, *node.keywords], key=self.at)
        if given and not (len(given) == 1 and isinstance(given[0], ast.GeneratorExp)):
            place, parts = self.at(given[0], given[-1]), [self.code(x) for x in given]
            for i, x in enumerate(given):
                kind, following = "keyword" if isinstance(x, ast.keyword) else "argument", parts[i + 1 : i + 2]
                if not is_type(node, x):
                    yield kind, place, ", ".join(parts[:i] + parts[i + 1 :])
                    if i + 1 < len(node.args) and following != parts[i : i + 1]:
                        yield kind, place, ", ".join([*parts[:i], *following, parts[i], *parts[i + 2 :]])


def is_declaration(node: Any) -> bool:
    """A docstring, `__all__`, `__slots__`, an annotation, a name for a type, an overload: nothing that runs."""
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        types = r"(Callable|Any|Union|TypeVar)\b|.* \| None$"
        known = any(getattr(t, "id", "") in ("__all__", "__slots__", "__version__") for t in targets)
        return known or node.value is None or re.match(types, ast.unparse(node.value)) is not None
    if isinstance(node, ast.FunctionDef):
        return any(ast.unparse(d).endswith("overload") for d in node.decorator_list)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_type(node: Any, child: Any) -> bool:
    """The type in `cast("type", value)`."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "cast" and isinstance(child, ast.Constant)


def is_text(node: Any) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def another(value: Any, words: bool) -> str | None:
    """Another constant instead; None for words."""
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, (int, float)):
        return "0" if value == 1 else repr(value + 1)
    return repr(value + "_x") if isinstance(value, str) and value.isidentifier() and not words else None


def draw(files: list[str], count: int, seed: int) -> list[Change]:
    """Random changes: a file by how much there is in it, then a kind, then a place. Each compiles, and says something new."""
    rng, drawn = random.Random(seed), list[Change]()
    sources = {file: (ROOT / file).read_bytes() for file in files}
    found = {file: sorted({c for c in Finder(file, s).found if c.before != c.after}) for file, s in sources.items()}
    while len(drawn) < count and any(found.values()):
        file = rng.choices(list(found), [len(changes) for changes in found.values()])[0]
        kind = rng.choice(sorted({c.kind for c in found[file]}))
        change = rng.choice([c for c in found[file] if c.kind == kind])
        found[file].remove(change)
        with suppress(SyntaxError):
            if ast.dump(ast.parse(change.made(sources[file]))) != ast.dump(ast.parse(sources[file])):
                drawn.append(change)
    return drawn


def checks() -> list[Change]:
    """The runner on trial: a comment, which must survive; a wrong product and an endless loop, which must not."""
    before = "return x * y"  # the forward of mul
    sources = {str(f.relative_to(ROOT)): f.read_bytes() for f in sorted((ROOT / "tinygrad_lite/ops").rglob("*.py"))}
    file, source = next((file, source) for file, source in sources.items() if f"{before}\n".encode() in source)
    place = source.index(before.encode())
    line = 1 + source.count(b"\n", 0, place)
    cases = {"must survive": f"{before}  # why", "must be killed": "return x + y", "must time out": "while True: pass"}
    return [Change(file, line, k, place, place + len(before), before, v, ((line, line),)) for k, v in cases.items()]


def make_tree(tree: Path) -> str:
    """A copy of the checkout as git knows it, importable from its root; returns a digest of the code."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    digest = hashlib.sha256()
    for name in sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file()):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name)
        if name.endswith((".py", ".toml")) and name != "tests/mutate.py":
            digest.update(name.encode() + (tree / name).read_bytes())
    places = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"].get("package-dir", {})
    for package, folder in places.items():
        target = tree / package.replace(".", "/")
        if not target.exists():
            target.symlink_to(os.path.relpath(tree / folder, target.parent))
    return digest.hexdigest()[:16]


class Order:
    """For pytest: the tests of one session in their order, a note of what is running, and an alarm for each."""

    def __init__(self, tree: Path, tests: list[str], seconds: dict[str, float]) -> None:
        self.tree, self.seconds, self.failed = tree, seconds, False
        self.order = {name: i for i, name in enumerate(tests)}

    def note(self, text: str, seconds: float = 60.0) -> None:
        if not self.failed:
            (self.tree / "note").write_text(text, encoding="utf-8")
        signal.setitimer(signal.ITIMER_REAL, seconds)  # its signal ends the process, whatever that is doing

    def pytest_collectstart(self, collector: Any) -> None:
        self.note(f"collection of {collector.nodeid}")

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.note(f"collection of {report.nodeid}")
            self.failed = True

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if item.nodeid in self.order or item.nodeid not in self.seconds]
        items.sort(key=lambda item: self.order.get(item.nodeid, -1))

    def pytest_runtest_protocol(self, item: Any) -> None:
        self.note(item.nodeid, 20 + 20 * self.seconds.get(item.nodeid, 0))


class Watch:
    """For pytest: which lines each test executes, how long it takes, and whether it looks at a clock or starts a process."""

    def __init__(self, tree: Path, files: list[str]) -> None:
        import coverage

        self.paths, self.now, self.start = {file: str((tree / file).resolve()) for file in files}, "", 0.0
        self.seconds, self.red, self.clocks, self.processes = dict[str, float](), set[str](), set[str](), set[str]()
        self.coverage = coverage.Coverage(data_file=None, include=[*self.paths.values()], config_file=False)
        self.coverage.start()
        sys.addaudithook(lambda event, _: self.processes.add(self.now) if event == "subprocess.Popen" else None)

    def pytest_runtest_protocol(self, item: Any) -> None:
        self.now, self.start = item.nodeid, time.perf_counter()
        if any(clock in getsource(item.function) for clock in CLOCKS):
            self.clocks.add(item.nodeid)
        self.coverage.switch_context(item.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.coverage.switch_context("")
        self.seconds[nodeid] = round(time.perf_counter() - self.start, 4)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.red.add(report.nodeid)

    def learnt(self) -> dict[str, Any]:
        self.coverage.stop()
        data, tests = self.coverage.get_data(), {nodeid: i for i, nodeid in enumerate(self.seconds)}
        executed = {file: data.contexts_by_lineno(path) for file, path in self.paths.items()}
        lines = {f: {n: [tests.get(t, -1) for t in by] for n, by in found.items()} for f, found in executed.items()}
        touched = Counter(t for by_line in lines.values() for by in by_line.values() for t in by)  # -1: at import
        sets = {"red": sorted(self.red), "left_out": sorted(self.red | self.clocks), "processes": sorted(self.processes)}
        return {"seconds": self.seconds, "lines": lines, "touched": [touched[i] for i in range(len(tests))], **sets}


def fork(tree: Path, work: Callable[[], int]) -> int:
    """The number of a new process that does the work, in the tree, and leaves with what it returns."""
    if pid := os.fork():
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        log = os.open(tree / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(tree)
        shutil.rmtree(tree / "tmp", ignore_errors=True)
        (tree / "tmp").mkdir()
        tempfile.tempdir = None
        os.environ.update(PYTHONPATH=str(tree), XDG_CACHE_HOME=str(tree / "cache"), TMPDIR=str(tree / "tmp"))
        sys.path.insert(0, str(tree))
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def end_group(pid: int) -> None:
    """What a process has started and left behind ends with it."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def suite(tree: Path, plugin: Any, files: list[str], *options: str) -> int:
    import pytest

    fixed = ["-p", "no:cacheprovider", f"--rootdir={tree}", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    fixed += [f"--ignore={name}" for name in LEFT_OUT]
    return int(pytest.main([*fixed, *options, *files], plugins=[plugin]))


def learn(tree: Path, files: list[str], digest: str, kept: Path) -> dict[str, Any]:
    """One run of the suite under coverage (or what was kept of the last); leaves compiled files behind, for the trials."""
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    again = known.get("digest") != digest

    def work() -> int:
        sys.dont_write_bytecode = False
        watch = Watch(tree, files)
        code = suite(tree, watch, ["tests"], *([] if again else ["--collect-only"]))
        assert Path(str(import_module("tinygrad_lite").__file__)).is_relative_to(tree), "another copy was imported"
        if again:
            kept.write_text(json.dumps(watch.learnt() | {"digest": digest}), encoding="utf-8")
        return code

    pid = fork(tree, work)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    end_group(pid)
    if code not in (0, 1):
        raise SystemExit(f"the suite does not run on the code as it is ({code}):\n" + (tree / "log").read_text()[-3000:])
    return dict(json.loads(kept.read_text(encoding="utf-8")))


def plan(change: Change, known: dict[str, Any], whole: bool) -> list[list[str]]:
    """The tests in two sessions: a few that execute the line and little else; then all that could notice, likely ones first."""
    seconds, touched, left_out = known["seconds"], known["touched"], {*known["left_out"]}
    names, lines = list(seconds), known["lines"].get(change.file, {})
    covering, tests = set[int](), set[int]()
    for first, last in change.near[:2]:  # the line, or the statement; -1 stands for the import
        covering = covering or {t for n in range(first, last + 1) for t in lines.get(str(n), ())}
    for first, last in change.near:  # what only runs at import: the tests that execute anything of the function around it
        tests = tests or {t for n in range(first, last + 1) for t in lines.get(str(n), ())} - {-1}
    likely = [names[t] for t in sorted(tests, key=lambda t: (touched[t], t)) if names[t] not in left_out]
    few, per, cost = dict[str, None](), Counter[str](), 0.0
    for name in likely:
        function = name.partition("[")[0]
        if per[function] < 3 and cost + seconds[name] < 3 and len(few) < 60 and name not in known["processes"]:
            few[name], per[function], cost = None, per[function] + 1, cost + seconds[name]
    rest = [name for name in likely if name not in few]
    if whole or not covering or -1 in covering:
        for name in sorted({*names} - {*likely} - left_out, key=lambda name: (name in known["processes"], seconds[name], name)):
            per[name.partition("[")[0]] += 1
            if whole or (per[name.partition("[")[0]] <= 8 and seconds[name] < 1):
                rest.append(name)
    return [session for session in ([*few], rest) if session]


def trials(
    changes: list[Change], pristine: Path, trees: list[Path], known: dict[str, Any], whole: bool
) -> Iterator[tuple[Change, list[str]]]:
    """Each change, with its verdict, by what it was killed, and the seconds that it took, as they come to an end."""
    todo, free, running = list(changes), list(trees), dict[int, tuple[Change, Path, list[list[str]], float]]()

    def start(change: Change, tree: Path, sessions: list[list[str]], since: float) -> None:
        plugin = Order(tree, sessions[0], known["seconds"])
        files = list(dict.fromkeys(name.partition("::")[0] for name in sessions[0]))
        running[fork(tree, lambda: suite(tree, plugin, files, "-x", "--tb=no"))] = change, tree, sessions[1:], since

    try:
        while todo or running:
            while todo and free:
                change, tree = todo.pop(0), free.pop()
                (tree / change.file).write_bytes(change.made((pristine / change.file).read_bytes()))
                os.utime(tree / change.file, (1, (pristine / change.file).stat().st_mtime + 100))  # no compiled file is so old
                start(change, tree, plan(change, known, whole), time.monotonic())
            pid, status = os.wait()
            if pid not in running:
                continue
            end_group(pid)
            change, tree, sessions, since = running.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            if code in (0, 5) and sessions:
                start(change, tree, sessions, since)
                continue
            shutil.copy2(pristine / change.file, tree / change.file)
            by = (tree / "note").read_text(encoding="utf-8") + (f" (signal {-code})" if code < 0 else "")
            verdict = "survived" if code in (0, 5) else "timeout" if code == -signal.SIGALRM else "killed"
            by = "-" if verdict == "survived" else by
            yield change, [verdict, *change.key().split("\t"), by, f"{time.monotonic() - since:.1f}"]
            free.append(tree)
    finally:
        for pid in running:
            end_group(pid)


def run(changes: list[Change], files: list[str], folder: Path, jobs: int, out: Path, whole: bool) -> None:
    digest = make_tree(folder / "pristine")
    rows: dict[str, list[str]] = {}
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    if lines and lines[0] == f"# {digest}":
        rows = {"\t".join(row[1:4]): row for row in (line.split("\t") for line in lines) if len(row) == 6}
    else:
        if lines:
            out.replace(f"{out}.old")
        out.write_text(f"# {digest}\n", encoding="utf-8")
    for name in ("torch", "hypothesis.extra.numpy", "matplotlib.figure", "matplotlib.backends.backend_agg", "sklearn.datasets"):
        import_module(name)  # once, for all forks; nothing of ours
    hypothesis = import_module("hypothesis")
    hypothesis.settings.register_profile("mutate", database=None, derandomize=True)
    hypothesis.settings.load_profile("mutate")
    trees = [folder / str(i) for i in range(jobs)]
    shutil.copytree(folder / "pristine", trees[0], symlinks=True)
    print(f"{len(changes)} mutants, {len(rows)} known already; first the suite as it is, under coverage", flush=True)
    known = learn(trees[0], files, f"{digest} {files}", out.with_name(out.name + ".known"))
    for tree in trees[1:]:
        shutil.copytree(trees[0], tree, symlinks=True)
    took = sum(known["seconds"].values())
    print(f"{len(known['seconds'])} tests, {took:.0f} s; red, so left out: {known['red'] or 'none'}", flush=True)
    todo = [change for change in changes if change.key() not in rows]
    for i, (change, row) in enumerate(trials(todo, folder / "pristine", trees, known, whole), len(changes) - len(todo) + 1):
        rows[change.key()] = row
        print(f"{i}/{len(changes)}", *row, sep="  ", flush=True)
        with out.open("a", encoding="utf-8") as file:
            print(*row, sep="\t", file=file)
    verdicts = Counter(rows[change.key()][0] for change in changes)
    killed = len(changes) - verdicts["survived"]
    print(f"\n{killed} of {len(changes)} killed ({killed / max(len(changes), 1):.1%}), {verdicts['timeout']} of them by time")
    for change in [change for change in changes if rows[change.key()][0] == "survived"]:
        source = (folder / "pristine" / change.file).read_text(encoding="utf-8").splitlines()[change.line - 1]
        print(f"\nsurvived: {change.key()}\n    {source.strip()}".replace("\t", "  "))


def main() -> None:
    parser = argparse.ArgumentParser(description="Random mutants of the code, and which of them the tests notice.")
    parser.add_argument("--mutants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="the table; a run that was stopped goes on from it")
    parser.add_argument("--whole", action="store_true", help="what survives passes every test, not only those that reach it")
    parser.add_argument("--check", action="store_true", help="try the runner itself on three changes whose fate is known")
    parser.add_argument("--list", action="store_true", help="only show the mutants")
    parser.add_argument("paths", nargs="*", default=DEFAULT)
    options = parser.parse_args()
    found = [p for path in options.paths for p in (ROOT / path, ROOT / f"{path}.py") if p.exists()]
    files = sorted({str(f.resolve().relative_to(ROOT)) for p in found for f in (p.rglob("*.py") if p.is_dir() else [p])})
    changes = checks() if options.check else draw(files, options.mutants, options.seed)
    if options.list:
        print("\n".join(change.key() for change in changes))
        return
    os.environ.update(SETTINGS)
    sys.dont_write_bytecode = True
    sys.path[:] = [p for p in sys.path if not Path(p or ".").resolve().is_relative_to(ROOT)]  # only the copies count
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the copies are removed
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        place = Path(folder).resolve()
        files = sorted({*files, *(change.file for change in changes)})
        run(changes, files, place, options.jobs, options.out.resolve() if options.out else place / "table", options.whole)


if __name__ == "__main__":
    main()
