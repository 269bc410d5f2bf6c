"""What type checkers see of a user's modules: a call gives what forward gives, and a misspelt name is an error."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECKERS = [["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]]
USER = """
import tinygrad_lite as tl
from tinygrad_lite import Tensor, nn
from tinygrad_lite.nn import functional as F


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, 3)

    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        return F.relu(self.hidden(x)) * scale


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, int]:
        return x, 1


x, net = tl.ones(4, 2), Net()
reveal_type(net(x))  # Tensor
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
net.hiden  # error
net("x")  # error
net(x, scal=2.0)  # error
nn.MSELoss(x)  # error
nn.Sequential(nn.ReLU)  # error
nn.Sequential(F.relu)  # error
F.rleu  # error
nn.linear  # error
"""


@pytest.mark.parametrize("checker", [c for c in CHECKERS if find_spec(c[0])], ids=lambda checker: checker[0])
def test_type_checkers_know_what_a_module_gives(checker: list[str], tmp_path: Path) -> None:
    package = tmp_path / "tinygrad_lite"  # as a wheel lays it out
    package.mkdir()
    for source in (*(ROOT / "tinygrad_lite").iterdir(), ROOT / "nn", ROOT / "datasets"):
        (package / source.name).symlink_to(source)
    (tmp_path / "user.py").write_text(USER)
    command = [sys.executable, "-m", *checker, "user.py"]
    text = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300).stdout
    revealed = re.findall(r'(?:Revealed type|Type of ".*") is "(.*)"', text)
    assert [re.sub(r"(\w+\.)+", "", found) for found in revealed] == re.findall(r"reveal_type\(.*\)  # (.*)", USER), text
    expected = {n for n, line in enumerate(USER.split("\n"), 1) if line.endswith("# error")}
    assert {int(n) for n in re.findall(r"user\.py:(\d+):.*error", text)} == expected, text
