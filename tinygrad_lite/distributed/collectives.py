"""The collectives, and send and recv, under PyTorch's names: each changes tensors in place, on all ranks together.

A collective is an agreement of all ranks on what they are about to do (world.py) and then one call of the transport (mpi.py,
nccl.py). Tensors whose memory is not contiguous go as a copy. In a captured step, a collective is one call of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend import Array, array_module
from ..dtypes import float16, float32
from ..functional.shape import stack
from ..grad_mode import no_grad
from ..inplace import write
from ..recorder import here, one_write
from .world import World, world

NAMES = ("sum", "avg", "product", "min", "max", "band", "bor", "bxor")


class ReduceOp:
    """How numbers of several ranks become one: `ReduceOp.SUM`, AVG (floats only), PRODUCT, MIN, MAX, BAND, BOR, BXOR.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.ReduceOp
    """

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = NAMES


class group:
    """`group.WORLD`: all ranks, the only group there is."""

    WORLD = None


class Work:
    """A collective that was begun with async_op=True. It is finished by wait(), or by the next collective."""

    def __init__(self, finish: Callable[[], None]) -> None:
        self.finish: Callable[[], None] | None = finish
        self.error: BaseException | None = None
        world().pending.append(self)

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Finish it, and all that was begun before it. If it fails, each wait() raises the error."""
        while self.finish is not None:
            first = world().pending.pop(0)
            finish, first.finish = first.finish, None
            try:
                finish()
            except BaseException as error:
                first.error = error
                raise
        if self.error is not None:
            raise self.error
        return True

    def is_completed(self) -> bool:
        """True, after a wait(): nothing goes on in between, so that asking again and again would never end."""
        return self.wait()


class Message:
    """What isend() and irecv() return: wait() returns when the memory of the tensor may be used again."""

    def __init__(self, there: Callable[[], bool], finish: Callable[[], Any], what: str) -> None:
        self.there, self.finish, self.what, self.done = there, finish, what, False

    def is_completed(self) -> bool:
        """Whether it is finished."""
        return self.done or unrecorded(self._completed)

    def _completed(self) -> bool:
        if self.there():
            self.finish()
            self.done = True
        return self.done

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Wait until it is finished. RuntimeError after the timeout, by default that of the process group."""
        if not self.done:
            world().wait(self, self.what, timeout.total_seconds() if timeout else None)
        return True

    Test = is_completed  # as MPI's requests have it


def broadcast(
    tensor: Tensor, src: int | None = None, group: Any = None, async_op: bool = False, group_src: int | None = None
) -> Work | None:
    """x on every rank becomes x of rank `src`.
    RuntimeError, on all ranks, if their tensors differ in shape or dtype, or if they have come to different calls.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.broadcast
    """
    root = rank_of("broadcast", src, group_src)
    return begun("broadcast", group, async_op, lambda: in_place(f"broadcast from {root}", tensor, "broadcast", root))


def all_reduce(tensor: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> Work | None:
    """x on every rank becomes the sum (or `op`) of all ranks' x. Bits are the same on all ranks.
    bool is reduced as 0 and 1, float16 in float32. RuntimeError as for broadcast, and for AVG or BAND of a dtype that has no
    such thing.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.all_reduce
    """
    op = operation("all_reduce", op, tensor)
    return begun("all_reduce", group, async_op, lambda: in_place(f"all_reduce {op}", tensor, "all_reduce", op))


def reduce(
    tensor: Tensor,
    dst: int | None = None,
    op: Any = ReduceOp.SUM,
    group: Any = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """x on rank `dst` becomes the sum (or `op`) of all ranks' x. What the others have then is not defined, as in PyTorch.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.reduce
    """
    op, root = operation("reduce", op, tensor), rank_of("reduce", dst, group_dst)
    return begun("reduce", group, async_op, lambda: in_place(f"reduce {op} to {root}", tensor, "reduce", op, root))


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: Any = None, async_op: bool = False
) -> Work | None:
    """out = x of all ranks, one after the other: (n, ...) on each of N ranks -> (N·n, ...), or (N, n, ...).
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.all_gather_into_tensor
    """
    out, x = output_tensor, input_tensor
    check_parts("all_gather_into_tensor", out, x, world().size)
    return begun("all_gather", group, async_op, lambda: into("all_gather", out, x, "all_gather"))


def all_gather(tensor_list: list[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False) -> Work | None:
    """Tensor i of the list becomes x of rank i, on every rank.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.all_gather
    """
    check_list("all_gather", tensor_list, tensor)

    def gather_all() -> None:
        out = like(tensor, (len(tensor_list), *tensor.shape))
        into("all_gather", out, tensor, "all_gather")
        unpack(out, tensor_list)

    return begun("all_gather", group, async_op, gather_all)


def reduce_scatter_tensor(
    output: Tensor, input: Tensor, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """out on rank i = part i of the sum (or `op`) of all ranks' x: (N·n, ...) or (N, n, ...) on each of N ranks -> (n, ...).
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.reduce_scatter_tensor
    """
    check_parts("reduce_scatter_tensor", input, output, world().size)
    op = operation("reduce_scatter_tensor", op, input)
    return begun("reduce_scatter", group, async_op, lambda: scattered(op, output, input))


def reduce_scatter(
    output: Tensor, input_list: list[Tensor], op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """out on rank i = the sum (or `op`) of tensor i of all ranks' lists.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.reduce_scatter
    """
    check_list("reduce_scatter", input_list, output)
    op = operation("reduce_scatter", op, output)
    return begun("reduce_scatter", group, async_op, lambda: scattered(op, output, packed(input_list)))


def gather(
    tensor: Tensor,
    gather_list: list[Tensor] | None = None,
    dst: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """Tensor i of rank dst's list (by default rank 0's) becomes x of rank i. The other ranks give no list.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.gather
    """
    root = rank_of("gather", dst, group_dst, 0)
    mine = the_list("gather", "gather_list", gather_list, tensor, root)

    def gather_them() -> None:
        out = like(tensor, (0 if mine is None else len(mine), *tensor.shape))
        text, given = f"gather to {root} of {layout(tensor)}", memory(tensor)

        def change(array: Array, read: Array) -> None:
            world().agree(text)
            world().send(text, world().transport.gather, None if mine is None else array, read, root)

        with no_grad():
            write(out.array, one_write(change, world()), given.array)
        if mine is not None:
            unpack(out, mine)

    return begun("gather", group, async_op, gather_them)


def scatter(
    tensor: Tensor,
    scatter_list: list[Tensor] | None = None,
    src: int | None = None,
    group: Any = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """x on rank i becomes tensor i of rank src's list (by default rank 0's). The other ranks give no list.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.scatter
    """
    root = rank_of("scatter", src, group_src, 0)
    mine = the_list("scatter", "scatter_list", scatter_list, tensor, root)

    def scatter_them() -> None:
        text, parts = f"scatter from {root} of {layout(tensor)}", [] if mine is None else [packed(mine).array]

        def change(x: Array, whole: Array | None = None) -> None:
            world().agree(text)
            world().send(text, world().transport.scatter, x, whole, root)

        written(tensor, change, *parts)

    return begun("scatter", group, async_op, scatter_them)


def barrier(group: Any = None, async_op: bool = False, device_ids: Any = None, timeout: timedelta | None = None) -> Work | None:
    """Wait until all ranks are here.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.barrier
    """
    limit = None if timeout is None else timeout.total_seconds()
    together = open_world("barrier", group)

    def meet() -> None:
        together.agree("barrier", limit)

    def finish() -> None:
        recording = here.recording
        if recording is None:
            meet()
        else:
            recording.effect(meet, together)

    return begun("barrier", group, async_op, finish)


def send(tensor: Tensor, dst: int | None = None, group: Any = None, tag: int = 0, group_dst: int | None = None) -> None:
    """Send x to rank `dst`, which calls recv() with the same tag.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.send
    """
    isend(tensor, dst, group, tag, group_dst).wait()


def recv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0, group_src: int | None = None) -> int:
    """x becomes what rank `src` sends, by default any rank; returns the number of that rank.
    RuntimeError, and x is as it was, if what comes has another shape or dtype.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.recv
    """
    message = irecv(tensor, src, group, tag, group_src)
    message.wait()
    return int(message.source)


def isend(tensor: Tensor, dst: int | None = None, group: Any = None, tag: int = 0, group_dst: int | None = None) -> Message:
    """send(), begun. x must not be changed until its wait() has returned."""
    together = open_world("send", group)
    check("send", tensor)
    to = rank_of("send", dst, group_dst)
    if to == together.rank:
        raise ValueError(
            "Invalid destination rank: destination rank should not be the same as the rank of the current process."
        )
    x = unrecorded(lambda: memory(tensor).array)
    about = np.frombuffer(f"{x.nbytes} {layout(tensor)}".encode().ljust(HEAD)[:HEAD], np.uint8).copy()
    requests = [together.notes.Isend(about, to, tag), together.transport.start_send(x, to, tag)]
    kept = [about, x]  # until they are sent
    return Message(lambda: all([request.Test() for request in requests]), kept.clear, f"send to {to}")


def irecv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0, group_src: int | None = None) -> Receiving:
    """recv(), begun. x changes until its wait() has returned. Of several, the first that was begun gets the first message."""
    together = open_world("recv", group)
    check("recv", tensor)
    source = None if src is None and group_src is None else rank_of("recv", src, group_src)
    if source == together.rank or together.size == 1:
        raise RuntimeError("Invalid source rank: source rank should not be the same as the rank of the current process.")
    return Receiving(together, tensor, source, tag)


class Receiving(Message):
    """What irecv() returns. `source` is the rank that the message came from, once it has come."""

    def __init__(self, together: World, tensor: Tensor, source: int | None, tag: int) -> None:
        self.together, self.tensor, self.tag, self.source = together, tensor, tag, -1 if source is None else source
        self.request: Any = None
        self.error = ""
        super().__init__(self._there, self._finish, f"recv from {'any rank' if source is None else source}")
        together.receiving.append(self)

    def _there(self) -> bool:
        if self.request is None:
            self.listen()
        return self.request is not None and bool(self.request.Test())

    def listen(self) -> None:
        """Begin to receive what has come, for this and all other messages that are waited for."""
        recording = here.recording
        if recording is None or recording.paused:
            self._listen()
        else:
            recording.outside(self._listen)

    def _listen(self) -> None:
        without: list[Receiving] = []  # whoever was begun before gets the next message
        for other in list(self.together.receiving):
            if any(r.tag == other.tag and (r.source == other.source or -1 in (r.source, other.source)) for r in without):
                continue
            if not other._begin():
                without.append(other)

    def _begin(self) -> bool:
        """Take the next message, if one has come: first a note of what it is, and then begin to receive it."""
        found = self.together.probe(self.source, self.tag)
        if found is None:
            return False
        self.together.receiving.remove(self)
        self.source, note = found
        about = np.empty(HEAD, np.uint8)
        note.Recv(about)
        size, sent = about.tobytes().decode().rstrip().split(" ", 1)
        self.into = like(self.tensor, tuple(self.tensor.shape))
        if sent != layout(self.tensor):  # it is received nevertheless: it is not what the next recv() wants
            self.error = f"recv: rank {self.source} sends {sent}, and the tensor that is to hold it is {layout(self.tensor)}"
            self.into = Tensor._of(array_module(self.tensor.array).empty(int(size), np.uint8))
        self.request = self.together.transport.start_receive(self.into.array, self.source, self.tag)
        return True

    def _finish(self) -> None:
        if self.error:
            raise RuntimeError(self.error)
        with no_grad():
            self.tensor.copy_(self.into)


HEAD = 200  # bytes that say what a message is

# What these share


def open_world(what: str, group: Any) -> World:
    """The process group. NotImplementedError for a group of some ranks only."""
    if group is not None:
        raise NotImplementedError(f"{what}: groups of some of the ranks are not covered; leave out group=")
    return world()


def begun(what: str, group: Any, async_op: bool, finish: Callable[[], None]) -> Work | None:
    """Do it now, after all that was begun before; or with async_op when it is waited for."""
    together = open_world(what, group)
    if async_op:
        return Work(finish)
    while together.pending:
        together.pending[0].wait()
    finish()
    return None


def rank_of(what: str, rank: int | None, group_rank: int | None, default: int | None = None) -> int:
    """A rank that was given in one of two ways. ValueError if it was not, RuntimeError if the world has no such rank."""
    found = (default if group_rank is None else group_rank) if rank is None else rank
    size = world().size
    if found is None:
        raise ValueError(f"{what}: which rank? There are 0 to {size - 1}")
    if isinstance(found, bool) or not hasattr(found, "__index__") or not 0 <= found < size:
        raise RuntimeError(f"{what}: there is no rank {found!r}; the ranks are 0 to {size - 1}")
    return int(found)


def operation(what: str, op: Any, x: Tensor) -> str:
    """The name of a ReduceOp. TypeError if it is none, RuntimeError if the tensor's dtype has no such operation."""
    check(what, x)
    if op not in NAMES:
        raise TypeError(f"{what}: op is a ReduceOp, as ReduceOp.SUM, got {op!r}")
    if op not in ("avg", *world().transport.operations):
        raise RuntimeError(f"{what}: NCCL has no ReduceOp.{op.upper()}; use the backend 'mpi' for it")
    if x.is_cuda and x.dtype == np.int16:
        raise RuntimeError(f"{what}: NCCL has no int16; use x.int()")
    if op == "avg" and not x.is_floating_point():
        raise RuntimeError(f"{what}: ReduceOp.AVG is for floats, got {x.dtype}; use SUM, or x.float()")
    if op in ("band", "bor", "bxor") and x.is_floating_point():
        raise RuntimeError(f"{what}: ReduceOp.{op.upper()} is for integers and bool, got {x.dtype}")
    return str(op)


def check(what: str, x: Any) -> None:
    """TypeError for what is no Tensor, RuntimeError for one that the transport cannot send."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{what}: expected a Tensor, got {type(x).__name__}; make it one with tensor(...)")
    kind, transport = x.device.type, world().transport
    if kind != transport.device:
        if kind == "cuda":
            what += f": the tensor is on {x.device}, and MPI gets NumPy's arrays only, because not every MPI knows CUDA"
            raise RuntimeError(f"{what}; use init_process_group('nccl'), or send x.cpu()")
        raise RuntimeError(f"{what}: the tensor is on the CPU, and NCCL sends between GPUs; use x.cuda(), or backend 'mpi'")


def check_list(what: str, tensors: Any, x: Tensor) -> None:
    """The errors of PyTorch unless this is a list of as many tensors as there are ranks, all like x: TypeError for what is no
    list of tensors, ValueError for another dtype, RuntimeError for another number or shape.
    """
    check(what, x)
    size = world().size
    if not isinstance(tensors, Sequence):
        raise TypeError(f"{what}: expected a list of {size} tensors, one for each rank, got {type(tensors).__name__}")
    for y in tensors:
        check(what, y)
    if len(tensors) != size:
        raise RuntimeError(f"{what}: expected a list of {size} tensors, one for each rank, got {len(tensors)} tensors")
    for i, y in enumerate(tensors):
        if (y.shape, y.dtype) != (x.shape, x.dtype):
            kind = RuntimeError if y.dtype == x.dtype else ValueError
            raise kind(f"{what}: tensor {i} of the list is {layout(y)}, and the other tensor {layout(x)}")


def check_parts(what: str, whole: Tensor, part: Tensor, size: int) -> None:
    """RuntimeError unless `whole` has room for the parts of all ranks."""
    for x in (whole, part):
        check(what, x)
    joined, n = tuple(whole.shape), tuple(part.shape)
    shapes = [(size, *n), (size * n[0], *n[1:])] if n else [(size,)]
    if joined not in shapes or whole.dtype != part.dtype:
        expected = " or ".join(str(list(shape)) for shape in shapes)
        raise RuntimeError(
            f"{what}: {layout(part)} on {size} ranks goes with {part.dtype} of shape {expected}, got {layout(whole)}"
        )


def the_list(what: str, name: str, tensors: Any, x: Tensor, root: int) -> list[Tensor] | None:
    """The list that only rank `root` gives."""
    check(what, x)
    if world().rank == root:
        if tensors is None:
            raise ValueError(f"{what}: rank {root}, and this is it, gives a {name} of {world().size} tensors")
        check_list(what, tensors, x)
        return list(tensors)
    if tensors:
        raise ValueError(f"{what}: only rank {root} gives a {name}, and this is rank {world().rank}")
    return None


def unrecorded(function: Callable[[], Any]) -> Any:
    """Call it. A captured step that sends or receives is not replayed."""
    recording = here.recording
    if recording is None:
        return function()
    recording.fail("send() and recv() are between two ranks, and only what all ranks do together is replayed")
    return recording.outside(function)


def layout(x: Tensor) -> str:
    """ "float32[2, 3]" """
    return f"{x.dtype}{list(x.shape)}"


def like(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A new tensor of x's kind, without values."""
    return Tensor._of(array_module(x.array).empty(shape, x.array.dtype))


def memory(x: Tensor) -> Tensor:
    """x, or a copy of it in rows."""
    check("send", x)
    return x if x.array.flags.c_contiguous else Tensor._of(array_module(x.array).ascontiguousarray(x.array))


def packed(tensors: Sequence[Tensor]) -> Tensor:
    with no_grad():
        return stack(list(tensors))


def unpack(out: Tensor, tensors: Sequence[Tensor]) -> None:
    with no_grad():
        for x, y in zip(tensors, out):
            x.copy_(y)


def written(x: Tensor, change: Callable[..., None], *operands: Array) -> None:
    """Call change with the memory of x, or of a copy in rows, and note that x has changed."""
    with no_grad():
        y = memory(x)
        write(y.array, one_write(change, world()), *operands)
        if y is not x:
            x.copy_(y)


def in_place(what: str, x: Tensor, method: str, *options: Any) -> None:
    """A collective that changes x alone."""
    check(what, x)
    text, size = f"{what} of {layout(x)}", world().size
    wide = reducible(x) if method != "broadcast" else x
    options = tuple(["sum" if option == "avg" else option for option in options])

    def change(array: Array) -> None:
        world().agree(text)
        world().send(text, getattr(world().transport, method), array, *options)

    with no_grad():
        written(wide, change)
        if " avg" in what:
            wide /= size
        if wide is not x:
            x.copy_(wide)


def into(what: str, out: Tensor, x: Tensor, method: str, *options: Any) -> None:
    """A collective that reads x and writes to out."""
    text, given = f"{what} of {layout(x)}", memory(x)

    def change(array: Array, read: Array) -> None:
        world().agree(text)
        world().send(text, getattr(world().transport, method), array, read, *options)

    with no_grad():
        y = memory(out)
        write(y.array, one_write(change, world()), given.array)
        if y is not out:
            out.copy_(y)


def scattered(op: str, out: Tensor, x: Tensor) -> None:
    """reduce_scatter, with the means of floats, and in dtypes that the transport can compute with."""
    with no_grad():
        wide = reducible(out)
        given = f"reduce_scatter {op} of {out.dtype}, in"  # float16 and float32 on two ranks do not fit together
        into(given, wide, reducible(x), "reduce_scatter", "sum" if op == "avg" else op)
        if op == "avg":
            wide /= world().size
        if wide is not out:
            out.copy_(wide)


def reducible(x: Tensor) -> Tensor:
    """x, or a copy in a dtype that MPI can compute with: float32 for float16, bytes for bool."""
    if x.dtype == float16:
        return x.detach().to(float32)
    return x.detach().to(np.uint8) if x.dtype == np.bool_ else x
