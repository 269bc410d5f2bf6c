"""A user's script after the README's install, as type checkers see it: the types are right, and mistakes are flagged.

The script is checked outside of the checkout, where only the installed package can be found.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKERS = [["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]]
USER = """
import tinygrad_lite as tl
from tinygrad_lite import Tensor, autograd, datasets, nn, optim
from tinygrad_lite.nn import functional as F
from tinygrad_lite.optim.lr_scheduler import StepLR


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, 3)

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        return F.relu(self.hidden(x)) * scale

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self) -> optim.Optimizer:
        return optim.AdamW(self.parameters(), lr=0.01)


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, int]:
        return x, 1


@tl.no_grad()
def predict(net: Net, x: Tensor) -> Tensor:
    return net(x)


@tl.no_grad
def doubled(x: Tensor) -> Tensor:
    return x * 2


x, net = tl.tensor([[1.0, 2.0]], requires_grad=True), Net()
reveal_type(x)  # Tensor
reveal_type(x.sum(dim=0, keepdim=True))  # Tensor
reveal_type(x.sum(axis=0, keepdims=True))  # Tensor
reveal_type(x.exp().log_().clamp(min=0))  # Tensor
reveal_type(2 * x @ x.T - x**2)  # Tensor
reveal_type(x == 1)  # Tensor
reveal_type(x[0, ..., None])  # Tensor
reveal_type(x.max())  # Tensor
reveal_type(x.max(dim=1).indices)  # Tensor
reveal_type(x.shape)  # Size
reveal_type(x.size(0))  # int
reveal_type(x.item())  # int | float
reveal_type(x.grad)  # Tensor | None
reveal_type(x.to("cpu").double())  # Tensor
reveal_type(tl.exp(x))  # Tensor
reveal_type(x % 2 // 2 << 1)  # Tensor
reveal_type(x.masked_fill(x > 0, 0.0).cumsum(0))  # Tensor
reveal_type(x.sort(descending=True).indices)  # Tensor
reveal_type(tl.topk(x, 2).values)  # Tensor
reveal_type(tl.var(x, dim=0, correction=0))  # Tensor
reveal_type(tl.linalg.inv(x))  # Tensor
reveal_type(tl.special.ndtr(x))  # Tensor
reveal_type(tl.multinomial(x, 2))  # Tensor
reveal_type(tl.func.grad(tl.sum)(x))  # Any
reveal_type(tl.is_tensor(x))  # bool
reveal_type(tl.einsum("ij->j", x))  # Tensor
reveal_type(tl.where(x > 0, x, 0.0))  # Tensor
reveal_type(tl.zeros(2, 3))  # Tensor
reveal_type(autograd.grad(x.sum(), x))  # tuple[Tensor, ...]
optimizer = tl.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
reveal_type(optimizer)  # SGD
reveal_type(StepLR(optimizer, 2).get_last_lr())  # list[float]
reveal_type(tl.nn.Trainer(max_epochs=1).fit(net, [(x, x)]))  # History
for xb, yb in datasets.DataLoader(datasets.TensorDataset(x, x), batch_size=2):
    reveal_type(xb)  # Tensor
with tl.no_grad():
    x -= 0.1 * x
    net.hidden.weight -= 0.1
reveal_type(net.hidden.weight)  # Parameter
reveal_type(net(x))  # Tensor
reveal_type(predict(net, doubled(x)))  # Tensor
reveal_type(net(x, scale=2.0))  # Tensor
reveal_type(net.hidden)  # Linear
reveal_type(net.train().training)  # bool
reveal_type(Pair()(x))  # tuple[Tensor, int]
reveal_type(nn.Sequential(net, nn.ReLU())(x))  # Tensor
reveal_type(nn.Linear(2, 3)(x))  # Tensor
reveal_type(nn.LazyLinear(3)(x))  # Tensor
reveal_type(nn.Identity()(x))  # Tensor
reveal_type(nn.CrossEntropyLoss()(x, x))  # Tensor
reveal_type(nn.MSELoss()(x, x))  # Tensor
reveal_type(F.cross_entropy(x, x))  # Tensor
reveal_type(F.linear(x, x))  # Tensor
reveal_type(F.sigmoid(x))  # Tensor
reveal_type(nn.summary(net, (4, 2)))  # Summary
x.shpae  # error
x.sum(dims=0)  # error
tl.sum(x, dims=0)  # error
tl.tnesor  # error
tl.zeros(2, dtpye=tl.float64)  # error
predict(x)  # error
optim.SparseAdam  # error
nn.SyncBatchNorm  # error
net.hiden  # error
net("x")  # error
net(x, scal=2.0)  # error
nn.MSELoss(x)  # error
nn.Sequential(nn.ReLU)  # error
nn.Sequential(F.relu)  # error
F.rleu  # error
nn.linear  # error
"""


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker[0])
def test_type_checkers_see_what_a_user_sees(checker: list[str], tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    command = [sys.executable, "-m", *checker, "user.py"]
    text = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300).stdout
    revealed = re.findall(r'(?:Revealed type|Type of ".*") is "(.*)"', text)
    assert [re.sub(r"(\w+\.)+(?=\w)", "", found) for found in revealed] == re.findall(r"reveal_type\(.*\)  # (.*)", USER), text
    expected = {n for n, line in enumerate(USER.split("\n"), 1) if line.endswith("# error")}
    assert {int(n) for n in re.findall(r"user\.py:(\d+):.*error", text)} == expected, text
