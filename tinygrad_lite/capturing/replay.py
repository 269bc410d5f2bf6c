"""Replay: the function that repeats a recording, with the checks before it and what it leaves behind.

def replay(t0, t1):
    x0 = t0.array; x1 = t1.array
    if not (x0.shape == ... and weight.array is a0 and ...): return OTHER
    matmul(x0, a1, a2)                # the program
    ...
    leaf0.grad = grad0
    return tensor(copy(a7), node)
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import is_
from sys import getrefcount
from threading import get_ident
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import inplace
from .._tensor import Tensor
from ..backend import owner
from ..dtypes import get_default_dtype
from ..grad_mode import mode
from ..recorder import here, seam
from ..tape import Handle, Node, clock
from .arrays import Recorded, values
from .call import Array, Call, arrays_in, root
from .program import Room, Source, compared, guards_first, memories, needed, without_constants
from .recording import UNREAD, Recording, array_of, array_slot, grad_slot
from .surroundings import LARGE, Surroundings

if TYPE_CHECKING:
    from .capture import Captured

OTHER = object()  # what a replay returns if something is not as it was
NAMES = {
    "OTHER": OTHER, "tensor": Tensor._of, "Tensor": Tensor, "copy": np.ndarray.copy, "mode": mode, "seam": seam, "here": here,
    "clock": clock, "default_dtype": get_default_dtype, "thread": get_ident, "Handle": Handle, "getrefcount": getrefcount,
    "is_": is_, "writes": inplace.writes, "times": inplace.writes.times,
    "overlap": np.may_share_memory, "small": None, "inside": None, "found": None, "held": None, "counts": None, "now": None,
}  # fmt: skip


class Replay:
    """`run` is the function, `text` its source. If no replay can do what the step did, recording.failed says why."""

    def __init__(
        self, captured: Captured, spec: Any, tensors: list[Tensor], recording: Recording, around: Surroundings, result: Any
    ) -> None:
        self.captured, self.spec, self.around = captured, spec, around
        _, ((_, positional), (_, named)) = spec
        self.alone = len(positional) if not named and all(kind is Tensor for kind in positional) else None
        self.tensors, self.lends = tensors, captured.lends
        self.returned: list[Array] = []
        self.grads = [(leaf, first, grad_slot.__get__(leaf)) for leaf, first in recording.grads.values()]
        self._look(recording, result)
        if not recording.failed:
            self._make(recording, result)

    def _look(self, recording: Recording, result: Any) -> None:
        """Find what is returned, and set recording.failed for what no replay could leave behind."""
        for x in self._tensors_in(recording, result):
            self.returned.append(array_slot.__get__(x))
            given = [root(array_slot.__get__(g)) for _, _, g in self.grads if g is not None]
            self.lends = self.lends and all(root(self.returned[-1]) is not memory for memory in given)
            nodes = list(_history(x.node))
            alive = [node for node in nodes if any(type(part) is Recorded for part in arrays_in(node.saved))]
            for node in alive:
                node.saved = values(node.saved)
            if alive and all(node.saved is not None for node in nodes):
                then = "call backward() in the step, return loss.detach(), or use no_grad()"
                recording.fail(f"the step returns a result that backward() has not gone through; {then}")
        if any(isinstance(node, Node) for _, _, node in recording.tensors.values()):
            recording.fail("the step uses a tensor that was computed outside from others that require grad; detach() it")
        if any(isinstance(x, Tensor) and x.node is not None for x in self.tensors):
            recording.fail("an argument requires grad; give x.detach(), or make it a parameter")
        if any(g is not None and g.node is not None for _, _, g in self.grads):
            recording.fail("a gradient was computed with create_graph=True and kept in .grad")

    def _tensors_in(self, recording: Recording, x: Any) -> Iterator[Tensor]:
        """The tensors of the result that the step made."""
        if isinstance(x, Tensor):
            if id(root(array_slot.__get__(x))) in recording.own:
                yield x
                if type(x) is not Tensor:
                    recording.fail(f"the step returns a {type(x).__name__}")
        elif type(x) in (tuple, list, dict):
            for part in x.values() if type(x) is dict else x:
                yield from self._tensors_in(recording, part)
        elif x is not None and not isinstance(x, (int, float, str)):
            recording.fail(f"the step returns a {type(x).__name__}; return tensors, or tuples, lists and dicts of them")

    def _variables(self, recording: Recording, x: Any) -> Iterator[str]:
        """The variables of the program that the result needs: parts of arguments."""
        if isinstance(x, Tensor):
            known = recording.known.get(id(array_slot.__get__(x)))
            if known is not None and known.name:
                yield known.name
        elif type(x) in (tuple, list, dict):
            for part in x.values() if type(x) is dict else x:
                yield from self._variables(recording, part)

    def _make(self, recording: Recording, result: Any) -> None:
        """Compile the replay."""
        own, made = recording.own, [(leaf, g, array_slot.__get__(g)) for leaf, _, g in self.grads if g is not None]
        made = [slot for slot in made if id(root(slot[2])) in own]  # the gradients that the step made
        ends = {id(root(array)) for array in (*self.returned, *[array for _, _, array in made])}
        shown = set(self._variables(recording, result))
        fills = set(map(id, recording.made.values()))  # of constants that stayed constant
        recorded = [call for call in recording.calls if id(call) not in fills]
        calls, guards = guards_first(compared(needed(without_constants(recorded, own), own, ends, shown)), own)
        changed = {memory for call in calls for memory in memories(call.results)}
        lent = {id(root(array)) for _, _, array in made} if self.lends else set()
        names = NAMES | {"same": self._same, "keep": self._keep}
        source = Source(Room(calls, own, (own.keys() - changed) | lent, ends), names)
        for call in calls:
            source.add(call)
        undo, redo = self._undo(recording, source, calls[:guards])
        last = self._ends(recording, source)
        slots = made if self.lends else []
        self.lent = [tuple(map(source.constant, slot, ("leaf", "grad", "array"))) for slot in slots]
        body = [*self._checks(recording, source), *undo, "try:", *indented(source.lines), "    pass"]
        body += ["except Exception:", *indented(redo), "    return OTHER", *last]
        body.append(f"return {self._text(recording, source, result)}")
        arguments = ", ".join([f"t{i}" for i in range(len(self.tensors))])
        self.text = "\n".join([f"def replay({arguments}):", *indented(body)]) + "\n"
        self.names = source.names
        exec(compile(self.text, "<captured>", "exec"), self.names)
        self.run = self.names["replay"]

    def settle(self) -> None:
        """Count the references to gradients, when those of the recording are gone."""
        for held in (self.grads, self.returned, self.tensors):
            held.clear()
        if self.lends and self.lent:
            counts = ", ".join([f"getrefcount({g}) - ({leaf}.grad is {g}), getrefcount({a})" for leaf, g, a in self.lent])
            exec(f"counts = [{counts}]", self.names)

    def _checks(self, recording: Recording, source: Source) -> list[str]:
        """The lines before the program: whether everything is as it was."""
        lines, checks, seen = [], [], self.around.now()
        for i, x in enumerate(self.tensors):
            lines += [f"if type(t{i}) is not Tensor: return OTHER"] if type(x) is Tensor else []
            lines.append(f"x{i} = t{i}{'.array' * isinstance(x, Tensor)}")
            for name, value in (("dtype", (a := array_of(x)).dtype), ("shape", a.shape), ("strides", a.strides)):
                checks.append(f"x{i}.{name} == {source.constant(value, name)}")
            checks += [f"t{i}.node is None"] if isinstance(x, Tensor) else []
            for j, b in enumerate(map(array_of, self.tensors[:i])):
                checks.append(f"x{i} is {'not ' * (a is not b)}x{j}")
                if recording.writes_arguments:
                    checks.append(f"overlap(x{i}, x{j}) is {np.may_share_memory(a, b)}")
            if any(x is value for value in seen):  # the step finds the same tensor in a variable, too
                checks.append(f"t{i} is {source.constant(x, 'outer')}")
        checks += ["not seam.recorders", "here.recording is None", f"thread() == {recording.thread}"]
        checks += [f"mode.enabled is {mode.enabled}", f"default_dtype() is {source.constant(get_default_dtype(), 'dtype')}"]
        checks.append(f"Handle.ever == {Handle.ever}")
        arguments = set(map(id, self.tensors))
        for x, array, node in recording.tensors.values():
            if id(x) not in arguments:
                outer = source.constant(x, "outer")
                checks.append(f"{outer}.array is {source.constant(array, 'array')}")
                checks.append(f"{outer}.node is {'None' if node is None else source.constant(node, 'leaf')}")
        for leaf, before, _ in self.grads:
            if before is not UNREAD:
                then = "None" if before is None else source.constant(before, "grad")
                checks.append(f"{source.constant(leaf, 'leaf')}.grad is {then}")
        lines.append(f"if not ({' and '.join(checks)}): return OTHER")
        looks = [_values_of(source, place, keys) for _, place, keys in self.around.places]
        if looks:
            lines.append(f"found = [{', '.join(looks)}]")
            lines.append("if not (len(found) == len(held) and all(map(is_, found, held))) and not same(): return OTHER")
            self.held = source.names["held"] = seen
        if inside := self.around.small():
            source.names |= {"small": self.around.small, "inside": inside}
            lines.append("if small() != inside: return OTHER")
        kept = []
        for i, (leaf, g, memory) in enumerate(self.lent):
            kept.append(f"getrefcount({g}) > counts[{2 * i}] + ({leaf}.grad is {g})")
            kept.append(f"getrefcount({memory}) > counts[{2 * i + 1}]")
        return [*lines, f"if {' or '.join(kept)}: return keep()"] if kept else lines

    def _same(self) -> bool:
        """Whether what is not identical is equal at least."""
        now = self.around.now()
        if self.around.changed(self.held, now):
            return False
        self.held[:] = now
        return True

    def _keep(self) -> object:
        """Somebody kept a gradient of the last replay: its memory is theirs, and from now on each .grad is a copy."""
        self.captured.lends = False
        self.captured.programs.clear()
        return OTHER

    def _undo(self, recording: Recording, source: Source, calls: list[Call]) -> tuple[list[str], list[str]]:
        """The lines before and after the program that take back what was done before a guard did not hold."""
        saves, restores = list[str](), list[str]()
        written = [x for call in calls if call.style != "name" for x in values(call.results)]
        for memory in {id(root(x)): root(x) for x in written}.values():
            if id(memory) not in recording.own:
                a = source.array(memory)
                saves.append(f"u{len(saves)} = {a}.copy()")
                restores.append(f"{a}[...] = u{len(saves) - 1}")
        for generator in recording.generators:
            if any(id(generator) in call.state for call in calls):
                g = source.constant(generator, "generator")
                saves.append(f"u{len(saves)} = {g}.get_state()")
                restores.append(f"{g}.set_state(u{len(saves) - 1})")
        if any(call.style == "effect" for call in calls):
            why = "a number decides what to do after a step of an optimizer or a scheduler, or after a collective"
            recording.fail(f"{why}; let these be the last")
        return saves, restores

    def _ends(self, recording: Recording, source: Source) -> list[str]:
        """The lines after the program: gradients, and the note that parameters were written to."""
        lines = []
        if recording.written:
            written = [memory for key, memory in recording.written.items() if key not in recording.own]
            inplace._note(written)  # which makes the weak references
            lines.append("writes.last = now = next(clock)")
            times = {key: inplace.writes.times[key][1] for key in [id(owner(memory)) for memory in written if memory.size]}
            lines += [f"times[{key}] = now, {source.constant(alive, 'alive')}" for key, alive in times.items()]
        for leaf, before, last in self.grads:
            name = source.constant(leaf, "leaf")
            if last is None:
                lines.append(f"{name}.grad = None")
            elif id(root(array_slot.__get__(last))) in recording.own:
                a = source.array(array_slot.__get__(last))
                lines.append(f"{name}.grad = " + (source.constant(last, "grad") if self.lends else f"tensor(copy({a}))"))
            elif last is not before:
                lines.append(f"{name}.grad = {source.constant(last, 'grad')}")
        return lines

    def _text(self, recording: Recording, source: Source, x: Any) -> str:
        """The expression by which a replay makes the result."""
        if isinstance(x, Tensor):
            for i, argument in enumerate(self.tensors):
                if x is argument:
                    return f"t{i}"
            array = array_slot.__get__(x)
            known = recording.known.get(id(array))
            if known is not None and known.name:
                return f"tensor({known.name})"
            if id(root(array)) not in recording.own:
                return source.constant(x, "outer")
            return f"tensor(copy({source.array(array)}), {'None' if x.node is None else source.constant(x.node, 'node')})"
        if type(x) in (tuple, list):
            inner = ", ".join([self._text(recording, source, part) for part in x])
            return f"({inner}{',' * bool(x)})" if type(x) is tuple else f"[{inner}]"
        if type(x) is dict:
            items = [f"{source.text(key)}: {self._text(recording, source, part)}" for key, part in x.items()]
            return "{" + ", ".join(items) + "}"
        return source.text(x)


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


def _values_of(source: Source, place: Any, keys: tuple[Any, ...] | None) -> str:
    """The values at a place of the surroundings, as items of a list."""
    if keys is not None:
        name = source.constant(place, "globals")
        return ", ".join([f"{name}.get({key!r})" for key in keys])
    if isinstance(place, (list, dict)):
        name = source.constant(place, "within")
        if len(place) > LARGE:
            return f"len({name})"
        return f"*{name}.values()" if isinstance(place, dict) else f"*{name}"
    return f"{source.constant(place, 'cell')}.cell_contents"


def _history(node: Any) -> Iterator[Node]:
    """All nodes that lead to this one."""
    seen, waiting = set[int](), [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Node) and id(node) not in seen:
            seen.add(id(node))
            waiting += node.edges
            yield node
