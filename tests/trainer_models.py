"""What the tests of the Trainer share: small models whose numbers are known, and their data."""

from __future__ import annotations

from typing import Any

from tinygrad_lite import Tensor, datasets, nn, tensor, zeros

X = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0], [0.5, -1.0]]
Y = [0, 1, 1, 0, 2]


class Classifier(nn.Module):
    """Softmax regression from zero weights: nothing is random."""

    def __init__(self, lr: float = 0.1) -> None:
        self.layer = nn.Linear(2, 3)
        self.lr = lr
        nn.init.zeros_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def configure_optimizers(self) -> Any:
        return nn.optim.SGD(self.parameters(), lr=self.lr)


class Constant(nn.Module):
    """Its loss is what the batch says, plus nothing times its weight."""

    def __init__(self) -> None:
        self.weight = nn.Parameter(zeros(1))

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return batch.mean() + 0 * self.weight.sum()

    def configure_optimizers(self) -> Any:
        return nn.optim.SGD(self.parameters(), lr=1.0)


def loader(batch_size: int = 2) -> datasets.DataLoader:
    return datasets.DataLoader(datasets.TensorDataset(tensor(X), tensor(Y)), batch_size=batch_size)


def weights(model: nn.Module) -> list[float]:
    return [number for p in model.parameters() for number in p.detach().numpy().ravel().tolist()]


def losses_of(values: list[float], **options: Any) -> tuple[nn.Trainer, Any]:
    """A training whose validation losses are `values`, an epoch each; the weight counts the epochs."""

    class Scripted(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter(zeros(1))
            self.epoch = 0

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return -self.weight.sum()

        def validation_step(self, batch: Any, batch_idx: int) -> Any:
            self.epoch += 1
            self.log("val_loss", values[self.epoch - 1])

        def configure_optimizers(self) -> Any:
            return nn.optim.SGD(self.parameters(), lr=1.0)

    trainer, model = nn.Trainer(max_epochs=len(values), **options), Scripted()
    trainer.fit(model, [tensor([1.0])], [tensor([1.0])])
    return trainer, model
