"""The lessons as notebooks: made by jupytext and run by nbconvert, they show their tables and figures."""

from __future__ import annotations

import ast
import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .test_examples import ENVIRONMENT, EXAMPLES

TABLES = {
    "chain_rule": r"^w +weight +0\.600000 +1\.146673 +1\.146673 +1\.146673",
    "train_iris": r"^linear +9 +5 .* 0 degrees .*\nMLP +387 +5 .* degrees",  # trained by nn.Trainer
}


def executed(example: str, folder: Path) -> list[dict[str, Any]]:
    """The outputs of a lesson's cells, made and run as a user does, in a folder of its own."""
    notebook = folder / f"{example}.ipynb"
    make = ["-m", "jupytext", "--to", "ipynb", "--output", str(notebook), str(EXAMPLES / f"{example}.py")]
    execute = ["-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(notebook)]
    for command in (make, execute):
        done = subprocess.run(
            [sys.executable, *command], env=ENVIRONMENT, cwd=folder, capture_output=True, encoding="utf-8", timeout=120
        )
        assert done.returncode == 0, done.stderr
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", [])]


@pytest.mark.parametrize("example", TABLES)
def test_a_notebook_shows_table_and_figure(example: str, tmp_path: Path) -> None:
    outputs = executed(example, tmp_path)
    printed = [output for output in outputs if output.get("name") == "stdout"]  # the progress bar is on stderr
    text = "".join("".join(output["text"]) for output in printed)
    assert re.search(TABLES[example], text, re.MULTILINE), text
    assert re.search(r"^To be seen: ", text, re.MULTILINE)
    figures = [base64.b64decode(output["data"]["image/png"]) for output in outputs if "image/png" in output.get("data", {})]
    assert len(figures) == 1 and figures[0].startswith(b"\x89PNG\r\n\x1a\n") and len(figures[0]) > 10_000
    assert not any("PosixPath" in str(output) for output in outputs)
    assert not (tmp_path / "figures").exists(), "it is shown, not written"


@pytest.mark.parametrize("example", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_no_cell_ends_with_a_value_that_a_notebook_would_show(example: str) -> None:
    """Such as `<matplotlib.legend.Legend at 0x7f47>`, of a line that is there for what it does."""
    for cell in re.split(r"^# %%.*$", (EXAMPLES / f"{example}.py").read_text(encoding="utf-8"), flags=re.MULTILINE):
        last = ast.parse(cell).body[-1:]
        if last and isinstance(last[0], ast.Expr) and not isinstance(last[0].value, ast.Constant):
            assert re.match(r"print\(|say\(|lesson\.finish\(", ast.unparse(last[0])), ast.unparse(last[0])
