"""Watchdog: a thread in every rank that tells the others that it lives, and ends the run if one of them does not.

Each rank sends rank 0 a beat, the number of the collective that it has come to, every half second; rank 0 sends all ranks the
table of these numbers. A rank from which no beat has come for `SILENT` seconds has stopped, or its machine is gone. mpiexec
itself ends the others at once when a process dies; the watchdog is there for the deaths that nobody reports.
"""

from __future__ import annotations

import sys
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .world import World

BEAT, SILENT = 0.5, 10.0  # seconds


class Watchdog(Thread):
    """`places` has the last known number of collectives of each rank, `ages` how many beats ago that was."""

    def __init__(self, world: World, comm: Any) -> None:
        super().__init__(name="tinygrad_lite.distributed watchdog", daemon=True)
        self.world, self.comm, self.stopped = world, comm, Event()
        self.places, self.ages = np.zeros(comm.size, np.int64), np.zeros(comm.size, np.int64)
        self.sent: list[tuple[Any, Any]] = []  # requests, and the memory that they read

    def run(self) -> None:
        while not self.stopped.wait(BEAT):
            self.beat()
            silent = [int(rank) for rank in np.flatnonzero(self.ages * BEAT > SILENT)]
            if silent:
                who = f"rank {silent[0]} has" if len(silent) == 1 else f"the ranks {', '.join(map(str, silent))} have"
                why = "the process has stopped, or its machine or the network is gone"
                self.world.end_all(f"{who} given no sign of life for {SILENT:.0f} seconds: {why}")
            self.world.check_time()

    def beat(self) -> None:
        """Tell, and listen."""
        self.sent = [(request, memory) for request, memory in self.sent if not request.Test()]
        mine = np.array([self.world.calls], np.int64)
        self.ages += 1
        if self.comm.rank:
            self.send(mine, 0)
            table = np.empty(self.comm.size, np.int64)
            while self.comm.Iprobe(0):
                self.comm.Recv(table, 0)
                self.places[:] = table
                self.ages[0] = 0
            self.ages[1:] = 0  # rank 0 looks after the others
        else:
            self.places[0], self.ages[0] = mine[0], 0
            for rank in range(1, self.comm.size):
                place = np.empty(1, np.int64)
                while self.comm.Iprobe(rank):
                    self.comm.Recv(place, rank)
                    self.places[rank], self.ages[rank] = place[0], 0
                self.send(self.places.copy(), rank)

    def send(self, numbers: Any, rank: int) -> None:
        self.sent.append((self.comm.Isend(numbers, rank), numbers))

    def close(self) -> None:
        """The end, to which all ranks come: nothing may be under way when MPI ends."""
        self.stopped.set()
        self.join()
        self.comm.Barrier()
        last = np.empty(self.comm.size, np.int64)
        while self.comm.Iprobe():
            self.comm.Recv(last)
        for request, _ in self.sent:
            request.Wait()
        self.comm.Free()


def say(text: str) -> None:
    """A line on stderr, at once."""
    sys.stdout.flush()
    print(f"tinygrad_lite.distributed: {text}", file=sys.stderr, flush=True)
