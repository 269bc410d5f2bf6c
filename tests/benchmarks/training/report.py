"""The tables and the figure of run.py."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping
from pathlib import Path

Samples = Mapping[str, list[float]]

# What issue 11 asks for: (captured to jax, captured to the best of torch, captured to limit, eager to torch), at most.
BOUNDS: dict[str, tuple[float | None, ...]] = {
    "W1": (0.75, 0.20, 2.0, 0.30),
    "W2": (0.75, 0.20, 2.0, 0.30),
    "W3": (0.65, 0.55, 1.4, 0.60),
    "W4": (1.0, 0.60, 1.0, 0.60),
    "W5": (0.80, 0.60, 1.0, 0.55),
    "W9": (0.5, 1.0, None, 1.2),
    "W3 epoch": (0.8, None, None, None),
    "W4 epoch": (0.8, None, None, None),
}
TITLES = {
    "W1": "Iris, linear 2-3, batch 16, AdamW: a step, µs",
    "W2": "Iris 2-5-3, batch 16, AdamW: a step, µs",
    "W3": "Fashion-MNIST 784-10, batch 256, SGD: a step, µs",
    "W4": "Fashion-MNIST 784-256-128-10, batch 256, AdamW: a step, µs",
    "W5": "784-2048-2048-10, batch 512, AdamW: a step, µs",
    "W9": "LeNet, batch 256, AdamW: a step, µs",
    "W3 epoch": "W3: an epoch with each library's own loader, s",
    "W4 epoch": "W4: an epoch with each library's own loader, s",
    "W6 1000": "W6: a chain of 1,000 small ops, forward and backward, s",
    "W6 1000000": "W6: a chain of 1,000,000 small ops, forward and backward, s",
    "W7 seconds": "W7: ten layers of 2048, batch 2048, forward and backward, s",
    "W7 MB": "W7: peak resident memory, MB",
    "W8 import": "W8: a fresh process until the import is done, s",
    "W8 100 steps": "W8: a fresh process until 100 steps of W2 are done, s",
}


def number(x: float) -> str:
    return f"{x:.0f}" if x >= 1000 else f"{x:.3g}"


def spread(samples: list[float]) -> str:
    """The median, and the quartiles if there are some."""
    if len(samples) < 3:
        return number(statistics.median(samples))
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return f"{number(middle)} ({number(low)}-{number(high)})"


def table(name: str, found: Samples) -> str:
    """One line of results, with the ratios under it."""
    line = f"{name:8} " + "  ".join(f"{peer} {spread(samples)}" for peer, samples in found.items())
    return "\n".join([line, *[f"         {text}" for text in ratios(name, found)]])


def ratios(name: str, found: Samples) -> list[str]:
    """The ratios that have a bound: of the medians, and in brackets of the fastest samples."""
    middle = {peer: statistics.median(samples) for peer, samples in found.items()}
    best = min((peer for peer in middle if peer.startswith("torch")), key=lambda peer: middle[peer], default="torch")
    pairs = (("captured", "jax"), ("captured", best), ("captured", "limit"), ("eager", "torch"))
    lines = []
    for (ours, theirs), bound in zip(pairs, BOUNDS.get(name, (None,) * 4)):
        if bound is not None and ours in found and theirs in found:
            ratio, fastest = middle[ours] / middle[theirs], min(found[ours]) / min(found[theirs])
            held = "held" if ratio <= bound else "above it"
            lines.append(f"{ours} / {theirs}: {ratio:.2f} ({fastest:.2f}), at most {bound}: {held}")
    return lines


def page(runs: Mapping[int, Mapping[str, Samples]], machine: str) -> str:
    """RESULTS.md: the results for each number of threads."""
    lines = ["# Training steps, measured", "", "`python tests/benchmarks/training/run.py --write`", "", f"{machine}."]
    lines += ["Medians over interleaved rounds, with quartiles."]
    lines += ["`eager` and `captured` are tinygrad_lite, `limit` is hand-written NumPy."]
    for threads, results in runs.items():
        peers = list(dict.fromkeys(peer for found in results.values() for peer in found))
        lines += ["", f"## {threads} thread{'s' * (threads > 1)} for all", ""]
        lines += ["| | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
        for name, found in results.items():
            cells = [spread(found[peer]) if found.get(peer) else "" for peer in peers]
            lines.append(f"| {TITLES.get(name, name)} | " + " | ".join(cells) + " |")
        lines += ["", "Ratios of the medians (of the fastest samples), and what is aimed at:", ""]
        for name, found in results.items():
            lines += [f"- {name}: {text}" for text in ratios(name, found)]
    return "\n".join(lines) + "\n"


def write(folder: Path, text: str, runs: Mapping[int, Mapping[str, Samples]]) -> None:
    """RESULTS.md and RESULTS.png, each first under another name."""
    (folder / "RESULTS.md.new").write_text(text, encoding="utf-8")
    os.replace(folder / "RESULTS.md.new", folder / "RESULTS.md")
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5 * len(runs), 3.6), layout="constrained")
    for ax, (threads, results) in zip(figure.subplots(1, len(runs), sharey=True, squeeze=False)[0], runs.items()):
        steps = [name for name in results if name in BOUNDS and " " not in name]
        peers = list(dict.fromkeys(peer for name in steps for peer in results[name]))
        for i, peer in enumerate(peers):
            there = [at for at, name in enumerate(steps) if peer in results[name]]
            places = [at + 0.8 * (i / len(peers) - 0.5) for at in there]
            heights = [statistics.median(results[steps[at]][peer]) for at in there]
            ax.bar(places, heights, 0.8 / len(peers), label=peer, align="edge")
        ax.set(
            yscale="log", xticks=range(len(steps)), xticklabels=steps, title=f"A step, {threads} thread{'s' * (threads > 1)}"
        )
        ax.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("µs")
    figure.axes[0].legend(ncols=2, fontsize="small", frameon=False)
    figure.savefig(folder / "RESULTS.png.new", dpi=80, format="png")
    os.replace(folder / "RESULTS.png.new", folder / "RESULTS.png")
