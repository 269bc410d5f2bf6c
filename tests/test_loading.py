"""Functions that not every program needs are loaded with the first name that is not found without them (methods.load_all)."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tinygrad_lite as tl
from tinygrad_lite import methods


def run(code: str) -> str:
    """What a new Python prints that runs the code."""
    code = f"import tinygrad_lite as torch\nfrom tinygrad_lite import methods\n{code}"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert out.returncode == 0, out.stderr
    return out.stdout.strip()


TRAINING = """
from tinygrad_lite import datasets, nn, optim
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
optimizer = optim.AdamW(net.parameters(), lr=0.01)
for x, y in datasets.DataLoader(datasets.Iris(), batch_size=50, shuffle=True):
    loss = nn.functional.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(float(loss) > 0, (net(x).argmax(1) == y).sum().item() >= 0, methods.complete)
"""


def test_training_needs_none_of_them() -> None:
    assert run(TRAINING) == "True True False"


@pytest.mark.parametrize(
    "line",
    [
        "print(torch.ones(2).sin().shape)",
        "print(torch.sin(torch.ones(2)).shape)",
        "from tinygrad_lite import sin; print(sin(torch.ones(2)).shape)",
        "print(torch.Tensor.sin(torch.ones(2)).shape)",
        "from tinygrad_lite import *; print(sin(ones(2)).shape)",
        "print((torch.ones(2) % 2).shape)",
        "x = torch.ones(2); x //= 2; print(x.shape)",
        "import numpy as np; print(np.sin(torch.ones(2)).shape)",
        "print(getattr(torch, 'sin')(torch.ones(2)).shape if hasattr(torch, 'sin') else '')",
        "print(torch.ones(2).exp_().sin_().shape if hasattr(torch.ones(2), 'sin_') else '')",
    ],
)
def test_each_way_to_ask_loads_them(line: str) -> None:
    assert run(f"before = methods.complete\n{line}\nprint(before, methods.complete)").split("\n") == [
        "torch.Size([2])",
        "False True",
    ]


def test_names_are_listed_before_and_after() -> None:
    assert run("print('sin' in dir(torch), 'topk' in torch.__all__, len(torch.__all__) == len(set(torch.__all__)))") == (
        "True True True"
    )


def test_threads_that_ask_at_the_same_time() -> None:
    code = """
from threading import Barrier, Thread
gate, found = Barrier(8), []
def ask(name):
    gate.wait()
    found.append(getattr(torch.ones(2), name)().shape == (2,))
names = ["sin", "cos", "erf", "floor", "cumsum", "exp2", "square", "sinh"]
threads = [Thread(target=ask, args=(name,)) for name in names if name != "cumsum"] + [Thread(target=ask, args=("sign",))]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
print(found == [True] * 8)
"""
    assert run(code) == "True"


def test_an_error_in_one_of_them_leaves_all_out() -> None:
    code = """
import sys
real = methods.import_module
def broken(name):
    if name.endswith("functional.views"):
        raise SyntaxError("a broken file")
    return real(name)
methods.import_module = broken
for _ in range(2):
    try:
        torch.ones(2).sin
    except SyntaxError as error:
        print(error, methods.complete, "sin" in vars(methods.Tensor))
methods.import_module = real
print(torch.ones(2).sin().shape)
"""
    assert run(code).split("\n") == ["a broken file False False"] * 2 + ["torch.Size([2])"]


def test_a_users_op_may_have_the_name_of_one_that_is_not_loaded_yet() -> None:
    code = """
from tinygrad_lite import op
@op(x=lambda g: g * 7)
def sin(x):
    return x * 7
print(sin(torch.ones(1)).tolist(), round(torch.sin(torch.ones(1)).item(), 4))
"""
    assert run(code) == "[7.0] 0.8415"


def test_every_family_is_declared_for_type_checkers() -> None:
    with open(tl.__file__, encoding="utf-8") as file:
        text = file.read()
    for family in methods.FAMILIES:
        name = family.__name__.removeprefix("tinygrad_lite")
        assert not family.__all__ or f"from {name} import *" in text, f"__init__.py lacks {name}"
