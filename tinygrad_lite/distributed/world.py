"""World: the processes that compute together, each a rank, and how they are kept together.

All ranks run the same program. Before each collective they agree that they have come to the same one: each gives a checksum of
what it is about to do, and of where, to an all-reduce of 16 bytes. If two differ, all ranks learn what the others wanted and
raise the same error, and no data have been sent that do not fit. A rank that raises an error, or ends, comes to such an
agreement too. Nobody waits longer than the timeout, and the watchdog (watchdog.py) ends a run of which a rank has stopped.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep
from typing import Any, NoReturn
from zlib import crc32

import numpy as np

from .. import cuda
from ..random import FIRST_SEED, default_generator, never_used
from ..recorder import users_frame
from ..settings import set_num_threads
from .mpi import MPI, mpi
from .watchdog import Watchdog, say

FAILED, END = "error: ", "the end: destroy_process_group(), or the end of the program"
TEXT = 500  # bytes of a rank's description of what it does
GRACE = 3.0  # seconds that the others get to say what they saw, before all are ended
SPINS, PAUSE = 5e-3, 1e-4  # seconds: at first a wait only gives way to other processes, then it sleeps
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

give_way = getattr(os, "sched_yield", lambda: sleep(0))
_worlds: list[World] = []  # the one that is open, if any


class World:
    """`transport` moves arrays, `comm` is for agreements; `calls` counts these, `failure` is why there will be no more."""

    def __init__(self, transport: Any, timeout: float) -> None:
        library = mpi()
        self.library, self.transport, self.timeout = library, transport, timeout
        self.comm, self.last, self.notes = [library.COMM_WORLD.Dup() for _ in range(3)]
        self.rank, self.size = int(self.comm.rank), int(self.comm.size)
        local = self.comm.Split_type(library.COMM_TYPE_SHARED)
        self.local_rank = int(local.rank)
        share_cores(local)
        local.Free()
        self.calls, self.failure = 0, ""
        self.doing, self.begin, self.limit = "", 0.0, timeout  # what this rank is in, since when, and for how long at most
        self.checksum = np.empty(2, np.int64)
        self.pending: list[Any] = []  # Work that was begun with async_op=True, in order
        self.receiving: list[Any] = []  # what irecv() has begun, and for which nothing has come, in order
        self.watchdog: Watchdog | None = None
        if self.size > 1 and library.Query_thread() == library.THREAD_MULTIPLE:
            self.watchdog = Watchdog(self, library.COMM_WORLD.Dup())
            self.watchdog.start()

    def agree(self, what: str, limit: float | None = None) -> None:
        """Wait until all ranks have come to this same call. RuntimeError on all of them if they come to different ones."""
        if self.failure:
            raise RuntimeError(f"{self.failure}\nNothing can be sent any more; end this program")
        if self.size == 1:
            return
        if self.doing:
            raise RuntimeError(f"another thread of this rank is in {self.doing}; let one thread send")
        self.calls += 1
        code = crc32(what.encode())
        self.checksum[:] = code, -code
        request = self.comm.Iallreduce(self.library.IN_PLACE, self.checksum, self.library.MAX)
        self.wait(request, what, limit)
        if self.checksum.sum():
            self.disagree(what)

    def wait(self, request: Any, what: str, limit: float | None = None) -> None:
        """Wait for a request. RuntimeError, with the ranks that others wait for, when the time is up."""
        if request.Test():
            return
        self.doing, self.begin, self.limit = what, monotonic(), limit or self.timeout
        try:
            while not request.Test():
                waited = monotonic() - self.begin
                if self.receiving:
                    self.receiving[0].listen()
                if waited < SPINS:
                    give_way()
                else:
                    sleep(PAUSE)
                    if waited > self.limit:
                        self.late(what)
        finally:
            self.doing = ""

    def send(self, what: str, call: Callable[..., None], *args: Any) -> None:
        """Call what moves data and returns when it is done; the watchdog looks at how long that takes."""
        self.doing, self.begin, self.limit = what, monotonic(), self.timeout
        try:
            call(*args)
        finally:
            self.doing = ""

    def late(self, what: str) -> NoReturn:
        late = ""
        if self.watchdog is not None:
            behind = [str(rank) for rank in range(self.size) if self.watchdog.places[rank] < self.calls and rank != self.rank]
            late = f"; rank {', '.join(behind)} has not come: it computes, or waits for something else" if behind else ""
        self.failure = f"rank {self.rank} has waited {self.limit:g} seconds, the timeout, in {self.described(what)}{late}"
        raise RuntimeError(self.failure)

    def disagree(self, what: str) -> NoReturn:
        """Learn what each rank wanted, and raise the error that says so."""
        mine, every = np.zeros(TEXT, np.uint8), np.zeros((self.size, TEXT), np.uint8)
        text = self.described(what).encode()[:TEXT]
        mine[: len(text)] = np.frombuffer(text, np.uint8)
        self.wait(self.comm.Iallgather(mine, every), what)
        texts = [bytes(row).rstrip(b"\0").decode(errors="replace") for row in every]
        failed = [f"rank {rank}: {text.removeprefix(FAILED)}" for rank, text in enumerate(texts) if text.startswith(FAILED)]
        if failed:
            self.failure = f"{'; '.join(failed)}. This rank, {self.rank}, was in {texts[self.rank]}"
        else:
            same = {text: [str(rank) for rank in range(self.size) if texts[rank] == text] for text in texts}
            lines = [f"rank {', '.join(ranks)}: {text}" for text, ranks in same.items()]
            why = "their programs differ, or they have different numbers of batches"
            self.failure = f"the ranks have come to different calls, because {why}:\n  " + "\n  ".join(lines)
        raise RuntimeError(self.failure)

    def every(self, what: str, mine: Any) -> Any:
        """A NumPy array of each rank: (N, ...), on all of them. They have the same shape and dtype."""
        self.agree(f"{what}: {mine.dtype}{list(mine.shape)}")
        all_of_them = np.empty((self.size, *mine.shape), mine.dtype)
        self.send(what, self.comm.Allgather, np.ascontiguousarray(mine), all_of_them)
        return all_of_them

    def texts(self, what: str, mine: str) -> list[str]:
        """A text of each rank, on all of them."""
        data = mine.encode()
        lengths = self.every(what, np.array([len(data)], np.int64))[:, 0]
        padded = np.zeros(int(lengths.max()), np.uint8)
        padded[: len(data)] = np.frombuffer(data, np.uint8)
        return [bytes(row[:n]).decode() for row, n in zip(self.every(what, padded), lengths)]

    def described(self, what: str) -> str:
        """What this rank does, and the user's line that does it."""
        if what.startswith(FAILED) or what == END:
            return what
        frame = users_frame()
        return f"{what} ({os.path.basename(frame.f_code.co_filename)}, line {frame.f_lineno})"

    def probe(self, source: int, tag: int) -> tuple[int, Any] | None:
        """The rank and the note of a message from `source` (from any rank if negative), if one has come."""
        status = self.library.Status()
        note = self.notes.Improbe(self.library.ANY_SOURCE if source < 0 else source, tag, status)
        return None if note is None else (int(status.source), note)

    def check_time(self) -> None:
        """For the watchdog: data that are under way cannot be waited for with a limit."""
        doing, begin, limit = self.doing, self.begin, self.limit
        if doing and monotonic() - begin > limit + GRACE:
            self.end_all(f"rank {self.rank} has been in {doing} for more than {limit:g} seconds, the timeout")

    def fail(self, error: BaseException) -> NoReturn:
        """This rank's program ends with an error: tell the others, and end all."""
        if not self.failure:
            say(f"rank {self.rank} ends all ranks, because of its {type(error).__name__}: {error}")
            try:
                self.agree(f"{FAILED}{type(error).__name__}: {error}", GRACE)
            except Exception as seen:  # what the others do does not matter any more
                self.failure = self.failure or str(seen)
            if not self.checksum.sum():  # they did not come
                self.abort()
        self.leave()

    def leave(self) -> NoReturn:
        """End all ranks, when those that are able to have said what they saw."""
        sys.stdout.flush()
        sys.stderr.flush()
        arrived, until = self.last.Ibarrier(), monotonic() + GRACE
        while not arrived.Test() and monotonic() < until:
            sleep(PAUSE)
        self.abort()

    def end_all(self, why: str) -> NoReturn:
        say(f"{why}. This ends all ranks")
        self.abort()

    def abort(self) -> NoReturn:
        self.library.COMM_WORLD.Abort(1)
        os._exit(1)

    def close(self) -> None:
        """The end of all ranks together."""
        self.agree(END)
        if self.watchdog is not None:
            self.watchdog.close()
        for comm in (self.comm, self.last, self.notes):
            comm.Free()
        self.transport.close()


def share_cores(local: Any) -> None:
    """Threads for BLAS: the ranks that may run on the same cores share them, unless the user has said how many threads."""
    if local.size == 1 or any(name in os.environ for name in THREADS):
        return
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    mine, every = np.array([crc32(repr(cores).encode())], np.int64), np.empty(local.size, np.int64)
    local.Allgather(mine, every)
    set_num_threads(max(1, len(cores) // int((every == mine[0]).sum())))


def choose_gpu(library: Any, device_id: Any) -> None:
    """Make "cuda" stand for this rank's GPU. RuntimeError if its machine has more ranks than GPUs."""
    local = library.COMM_WORLD.Split_type(library.COMM_TYPE_SHARED)
    number, ranks, gpus = int(local.rank), int(local.size), cuda.device_count()
    local.Free()
    if device_id is None and 0 < gpus < ranks:
        raise RuntimeError(f"init_process_group('nccl'): {ranks} ranks on a machine with {gpus} GPUs; NCCL needs one for each")
    cuda.set_device(number if device_id is None else device_id)


def start_alike(together: World) -> None:
    """A program without a seed starts from another one at each run, but from the same one on all ranks: that of rank 0. So they
    make the same model, and split their data alike.
    """
    if together.size > 1:
        every = together.every("the start", np.array([FIRST_SEED if never_used() else -1], np.int64))
        if (every >= 0).all():
            default_generator.manual_seed(int(every[0, 0]))


def world() -> World:
    """The open one. ValueError if there is none."""
    if not _worlds:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")
    return _worlds[-1]


def is_initialized() -> bool:
    """Whether init_process_group() was called, and destroy_process_group() was not."""
    return bool(_worlds)


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Join the processes that `mpiexec -n N python program.py` has started. Without mpiexec, it is a world of one.

    backend: "mpi" for tensors on the CPU, "nccl" for those on GPUs (the ranks find each other by MPI). Each rank then has a GPU
    of its own, which "cuda" stands for: device_id, or the one with the rank's number on its machine.
    timeout: how long a rank may be waited for: 10 minutes by default. A rank that ends or raises takes the others down at once;
    one that has stopped does so after 10 seconds.
    world_size and rank may be left out; they are checked. PyTorch's other arguments change nothing: mpiexec knows the machines.
    A program that has not called manual_seed() starts from the same seed on all ranks. The threads of BLAS are divided among
    the ranks of a machine, unless OMP_NUM_THREADS or the like is set.
    ValueError if there is a group already, for another backend, and for a rank or size that is not mpiexec's. RuntimeError if
    mpi4py or MPI is not installed.
    https://pytorch.org/docs/stable/distributed.html#torch.distributed.init_process_group

    >>> from tinygrad_lite import distributed  # doctest: +SKIP
    >>> distributed.init_process_group("mpi")  # doctest: +SKIP
    """
    if _worlds:
        raise ValueError("trying to initialize the default process group twice!")
    name = "mpi" if backend is None else str(backend).lower()
    if name not in ("mpi", "nccl"):
        raise ValueError(f"init_process_group: the backends are 'mpi' (CPU) and 'nccl' (GPU), got {backend!r}; use 'mpi'")
    limit = timedelta(minutes=10) if timeout is None else timeout
    if not isinstance(limit, timedelta) or limit <= timedelta(0):
        raise TypeError(f"init_process_group: timeout is a positive timedelta, got {timeout!r}")
    if device_id is not None and name == "mpi" and str(device_id).startswith("cuda"):
        raise ValueError(f"init_process_group: the backend 'mpi' is for tensors on the CPU, got device_id={device_id!r}")
    library = mpi()
    size, mine = int(library.COMM_WORLD.size), int(library.COMM_WORLD.rank)
    for what, given, found in (("world_size", world_size, size), ("rank", rank, mine)):
        if given not in (-1, found):
            start = f"start the program with mpiexec -n {world_size} python ..." if what == "world_size" else "leave it out"
            raise ValueError(f"init_process_group: {what} is {given}, but MPI says {found}; {start}")
    if size == 1 and int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise ValueError(
            "init_process_group: torchrun's WORLD_SIZE is set, but MPI knows one process; use mpiexec, not torchrun"
        )
    if name == "nccl":
        from .nccl import NCCL  # needs CuPy

        choose_gpu(library, device_id)
        transport: Any = NCCL(library.COMM_WORLD)
    else:
        transport = MPI(library.COMM_WORLD.Dup())
    _worlds.append(World(transport, limit.total_seconds()))
    start_alike(_worlds[-1])


def destroy_process_group(group: Any = None) -> None:
    """Leave the group; all ranks do so together. A program that does not call it does so when it ends.
    ValueError if there is none, RuntimeError if the other ranks are doing something else.
    """
    open_one = world()
    while open_one.pending and not open_one.failure:
        open_one.pending[0].wait()
    _worlds.clear()
    if open_one.failure:
        _worlds.append(open_one)  # at exit, all are ended
        return
    try:
        open_one.close()
    except BaseException:
        _worlds.append(open_one)
        raise


@atexit.register
def _at_exit() -> None:
    """The program ends, by itself or with an error that it did not catch."""
    if not _worlds or _worlds[-1].size == 1:  # alone, a program ends as it would without
        return
    left, error = _worlds[-1], getattr(sys, "last_value", None)
    if isinstance(error, BaseException):
        left.fail(error)
    if not left.failure:
        try:
            return destroy_process_group()
        except Exception as seen:
            say(str(seen))
    left.leave()


def get_rank(group: Any = None) -> int:
    """The number of this process, from 0. ValueError without a process group."""
    return world().rank


def get_world_size(group: Any = None) -> int:
    """How many processes compute together. ValueError without a process group."""
    return world().size


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """The number of this process among those on the same machine: which of its GPUs is this rank's, say."""
    if _worlds:
        return world().local_rank
    if fallback_rank is None:
        raise RuntimeError("get_node_local_rank: call init_process_group first, or give a fallback_rank")
    return int(fallback_rank)


def get_backend(group: Any = None) -> str:
    """ "mpi" or "nccl". ValueError without a process group."""
    return str(world().transport.name)
