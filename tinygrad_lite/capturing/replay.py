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
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import inplace
from .._tensor import Tensor
from ..backend import owner
from ..dtypes import get_default_dtype
from ..grad_mode import mode
from ..recorder import seam
from ..tape import Handle, Node, clock
from .arrays import Recorded, values
from .call import Array, Call, arrays_in, root
from .program import Room, Source, compared, guards_first, memories, needed, without_constants
from .recording import UNREAD, Recording, array_of, array_slot, grad_slot
from .surroundings import LARGE, Surroundings, values_at

if TYPE_CHECKING:
    from .capture import Captured

OTHER = object()  # what a replay returns if something is not as it was


class Replay:
    """`run` is the function, `text` its source. If no replay can do what the step did, recording.failed says why."""

    def __init__(
        self, captured: Captured, spec: Any, tensors: list[Tensor], recording: Recording, around: Surroundings, result: Any
    ) -> None:
        self.captured, self.spec, self.count, self.around = captured, spec, len(tensors), around
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
            nodes = list(_history(x.node))
            alive = [node for node in nodes if type(node.saved) is tuple and any(type(part) is Recorded for part in arrays_in(node.saved))]
            for node in alive:
                node.saved = values(node.saved)
            if alive and not any(node.saved is None for node in nodes):
                recording.fail("the step returns a result that backward() has not gone through; return loss.detach(), or use no_grad()")
        for x, _, node in recording.tensors.values():
            if isinstance(node, Node):
                recording.fail("the step uses a tensor that was computed outside from others that require grad; detach() it")
        for x in self.tensors:
            if isinstance(x, Tensor) and x.node is not None:
                recording.fail("an argument requires grad; give x.detach(), or make it a parameter")
        for _, first, last in self.grads:
            if last is not None and last.node is not None:
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

    def _make(self, recording: Recording, result: Any) -> None:
        own = recording.own
        mine = [root(array_slot.__get__(g)) for _, _, g in self.grads if g is not None and id(root(array_slot.__get__(g))) in own]
        ends = {id(root(array)) for array in self.returned} | set(map(id, mine))
        lent = set(map(id, mine)) if self.lends else set[int]()
        fills = set(map(id, recording.made.values()))  # of constants that stayed constant
        recorded = [call for call in recording.calls if id(call) not in fills]
        calls = needed(without_constants(recorded, own), own, ends)
        calls, guards = guards_first(compared(calls), own)
        fixed = lent | {id(memory) for memory in own.values() if not any(id(memory) in memories(call.results) for call in calls)}
        source = Source(Room(calls, own, fixed, ends))
        for call in calls:
            source.add(call)
        undo, redo = self._undo(recording, source, calls[:guards])
        last = self._ends(recording, source)
        slots = [(leaf, g, array_slot.__get__(g)) for leaf, _, g in self.grads if g is not None and id(root(array_slot.__get__(g))) in lent]
        self.lent = [tuple(map(source.constant, slot, ("leaf", "grad", "array"))) for slot in slots]
        slots.clear()
        first = self._checks(recording, source)
        body = [*undo, "try:", *["    " + line for line in source.lines], "    pass", "except Exception:", *["    " + line for line in redo], "    return OTHER"]
        body += [*last, f"return {self._text(recording, source, result)}"]
        head = f"def replay({', '.join(f't{i}' for i in range(self.count))}):\n    "
        self.text = head + "\n    ".join(first + body) + "\n"
        source.names |= {"OTHER": OTHER, "tensor": Tensor._of, "copy": np.ndarray.copy, "mode": mode, "default_dtype": get_default_dtype}
        source.names |= {"Handle": Handle, "getrefcount": getrefcount, "is_": is_, "same": self._same, "keep": self._keep, "clock": clock, "seam": seam, "Tensor": Tensor, "writes": inplace.writes, "times": inplace.writes.times}
        self.names = source.names
        exec(compile(self.text, "<captured>", "exec"), self.names)
        self.run = self.names["replay"]

    def settle(self) -> None:
        """Count the references to gradients, when those of the recording are gone."""
        self.grads.clear()
        self.returned.clear()
        if self.lends and self.lent:
            counts = ", ".join([f"getrefcount({g}) - ({leaf}.grad is {g}), getrefcount({a})" for leaf, g, a in self.lent])
            exec(f"counts = [{counts}]", self.names)

    def _checks(self, recording: Recording, source: Source) -> list[str]:
        """The lines before the program: whether everything is as it was."""
        lines, checks = [], []
        for i, x in enumerate(self.tensors):
            a = array_of(x)
            lines.append(f"x{i} = t{i}{'.array' * isinstance(x, Tensor)}")
            shape, strides = source.constant(a.shape, "shape"), source.constant(a.strides, "strides")
            checks += [f"x{i}.dtype == {source.constant(a.dtype, 'dtype')}", f"x{i}.shape == {shape}", f"x{i}.strides == {strides}"]
            checks += [f"t{i}.node is None"] if isinstance(x, Tensor) else []
            lines += [f"if type(t{i}) is not Tensor: return OTHER"] if type(x) is Tensor else []
        checks += ["not seam.recorders", "seam.recording is None"]
        checks += [f"mode.enabled is {mode.enabled}", f"default_dtype() is {source.constant(get_default_dtype(), 'dtype')}"]
        checks.append(f"Handle.ever == {Handle.ever}")
        arguments = {id(x) for x in self.tensors}
        for x, array, node in recording.tensors.values():
            if id(x) not in arguments:
                t = source.constant(x, "outer")
                checks.append(f"{t}.array is {source.constant(array, 'array')}")
                checks.append(f"{t}.node is {'None' if node is None else source.constant(node, 'leaf')}")
        for leaf, before, _ in self.grads:
            if before is not UNREAD:
                checks.append(f"{source.constant(leaf, 'leaf')}.grad is {'None' if before is None else source.constant(before, 'grad')}")
        lines.append(f"if not ({' and '.join(checks)}): return OTHER")
        looks = [_values_of(source, place, keys) for _, place, keys in self.around.places]
        if looks:
            lines.append(f"found = [{', '.join(looks)}]")
            lines.append("if not (len(found) == len(held) and all(map(is_, found, held))) and not same(): return OTHER")
            self.held = source.names["held"] = self.around.now()
        if self.lends and self.lent:
            kept = " or ".join([f"getrefcount({g}) > counts[{2 * i}] + ({leaf}.grad is {g}) or getrefcount({a}) > counts[{2 * i + 1}]" for i, (leaf, g, a) in enumerate(self.lent)])
            lines.append(f"if {kept}: return keep()")
        return lines

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
        saves, restores = [], []
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
            recording.fail("a number decides what to do after an optimizer's or scheduler's step; make these steps the last ones")
        return saves, restores

    def _ends(self, recording: Recording, source: Source) -> list[str]:
        """The lines after the program: gradients, and the note that parameters were written to."""
        lines = []
        if recording.written:
            written = [memory for key, memory in recording.written.items() if key not in recording.own]
            inplace._note(written)  # which makes the weak references
            lines.append("writes.last = now = next(clock)")
            for key in dict.fromkeys([id(owner(memory)) for memory in written if memory.size]):
                lines.append(f"times[{key}] = now, {source.constant(inplace.writes.times[key][1], 'alive')}")
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
            return "{" + ", ".join([f"{source.text(key)}: {self._text(recording, source, part)}" for key, part in x.items()]) + "}"
        return source.text(x)


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
