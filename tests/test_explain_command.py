"""python -m tinygrad_lite explain script.py, as a user types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TRAINING = """
import sys
import tinygrad_lite as torch
from tinygrad_lite import nn
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
x = torch.randn(4, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(3):
    loss = (net(x) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("step", step, *sys.argv[1:])
"""
FAILING = """
import tinygrad_lite as torch
w = torch.ones(3, 4, requires_grad=True)
h = w * 2
y = h @ torch.ones(3, 4)
"""


def command(folder: Path, script: str, *options: str, args: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(script, encoding="utf-8")
    words = [sys.executable, "-m", "tinygrad_lite", "explain", *options, "script.py", *args]
    return subprocess.run(words, cwd=folder, capture_output=True, encoding="utf-8", timeout=60)


def test_it_explains_the_first_backward_and_ends_there(tmp_path: Path) -> None:
    done = command(tmp_path, TRAINING)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "Page: script.explain.html\n")
    page = (tmp_path / "script.explain.html").read_text(encoding="utf-8")
    for part in ("0.weight", "loss = (net(x) ** 2).mean()", "Tanh", "x=lambda g, out: g * (1 - out * out)"):
        assert part in page, part


def test_the_nth_one_while_the_script_goes_on(tmp_path: Path) -> None:
    done = command(tmp_path, TRAINING, "--nth", "2", "--continue", "--text", args=("--rate", "3"))
    assert done.returncode == 0 and "step 2 --rate 3" in done.stdout and "backward through tanh" in done.stdout
    assert not list(tmp_path.glob("*.html"))
    other = command(tmp_path, TRAINING, "--last", "--out", "pages/last.html")
    assert other.stdout.endswith(f"Page: {Path('pages', 'last.html')}\n") and (tmp_path / "pages" / "last.html").exists()


def test_where_an_op_raises_the_page_shows_the_graph_up_to_it(tmp_path: Path) -> None:
    done = command(tmp_path, FAILING)
    assert done.returncode == 1 and "line 5, in <module>" in done.stderr and "cannot multiply [3, 4] @ [3, 4]" in done.stderr
    page = (tmp_path / "script.explain.html").read_text(encoding="utf-8")
    for part in ("matmul raised RuntimeError", "y = h @ torch.ones(3, 4)", '"shape":[3,4]', "h = w * 2", '"name":"w"'):
        assert part in page, part


@pytest.mark.parametrize(
    ("script", "options", "words"), [("x = 1", (), "never"), (TRAINING, ("--nth", "7"), "3 times, fewer than --nth 7")]
)
def test_nothing_to_explain(script: str, options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = command(tmp_path, script, *options)
    assert done.returncode == 1 and words in done.stderr


def test_help_and_a_missing_file(tmp_path: Path) -> None:
    help = subprocess.run([sys.executable, "-m", "tinygrad_lite"], capture_output=True, encoding="utf-8", timeout=60)
    assert help.returncode == 0 and "explain" in help.stdout
    words = [sys.executable, "-m", "tinygrad_lite", "explain", "none.py"]
    missing = subprocess.run(words, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60)
    assert missing.returncode == 2 and "no file none.py" in missing.stderr
