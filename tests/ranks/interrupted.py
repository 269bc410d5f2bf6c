"""A training that can be interrupted at any moment and goes on from its last Checkpoint.

    mpiexec -n 2 python tests/ranks/interrupted.py folder [own] [die=RANK:SECONDS]

It writes folder/run.safetensors as it goes, and folder/end.safetensors at its end. Dropout, a schedule and a shuffled order are
there so that a random state or a place that is not restored is noticed. With `own` the loader has a DistributedSampler. With
`die` that rank is killed so many seconds after the training has begun.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import numpy as np

from tinygrad_lite import datasets, distributed, manual_seed, nn, save, tensor

EPOCHS, BATCHES = 20, 12


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.2), nn.BatchNorm1d(32), nn.Linear(32, 3))

    def forward(self, x: Any) -> Any:
        return self.layers(x)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        loss = nn.functional.cross_entropy(self(x), y)
        self.log("half", loss / 2)
        return loss

    def configure_optimizers(self) -> Any:
        optimizer = nn.optim.AdamW(self.parameters(), lr=0.02)
        return [optimizer], [nn.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)]


def train(folder: Path, own: bool = False) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((BATCHES * 10 + 6, 8)).astype("f")
    data = datasets.TensorDataset(tensor(x), tensor((x[:, :3] + rng.standard_normal((len(x), 3))).argmax(1)))
    manual_seed(3)
    model = Net()
    if own:
        loader = datasets.DataLoader(data, 5, sampler=datasets.DistributedSampler(data))
    else:
        loader = datasets.DataLoader(data, 10, shuffle=True)
    path = folder / "run.safetensors"
    callbacks = [nn.Checkpoint(path, every=5), nn.BestWeights("val_loss")]
    trainer = nn.Trainer(EPOCHS, metrics={"acc": nn.accuracy}, callbacks=callbacks)
    resume = path if path.exists() else False
    history = trainer.fit(model, loader, datasets.DataLoader(data, 50), resume=resume)
    if trainer.is_global_zero:
        save({"weights": model.state_dict(), "history": dict(history)}, folder / "end.safetensors")


def die_in(seconds: float) -> None:
    sleep(seconds)
    print(f"killed at {monotonic()}", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    distributed.init_process_group("mpi")
    for text in sys.argv[2:]:
        rank, _, seconds = text.removeprefix("die=").partition(":")
        if rank == str(distributed.get_rank()):
            Thread(target=die_in, args=(float(seconds),), daemon=True).start()
    train(Path(sys.argv[1]), "own" in sys.argv[2:])
