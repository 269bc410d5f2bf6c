# %% [markdown]
# # A character model: Python's manual, continued
#
# What this teaches: a recurrent network reads a text one character at a time and keeps what it has read in a vector, its
# **state**. After each character it gives a probability to every possible next one. It is judged by the text that it has not
# read: the mean of $-\log_2 p$ of the characters that really came, in **bits a character**. Fewer is better: a model of 2 bits
# is as unsure as someone who has 4 equally likely characters to choose from.
#
# The text is the reference manual that comes with every Python, more than 390,000 characters. The network is a GRU (Cho et al.
# 2014). Its rivals count: how often each character came, or each one after the last one, or after the last two.
#
# The last picture shows what the *gradient* says about memory: by how much the loss at a place would change, if one changed
# the character 1, 2, 3, ... places before it.

# %%
from collections.abc import Iterator
from math import log
from pydoc_data.topics import topics
from time import perf_counter
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tinygrad_lite import Tensor, autograd, from_numpy, manual_seed, multinomial, nn, no_grad, randint
from tinygrad_lite.nn import lesson

F = nn.functional
options = lesson.Options("A recurrent network learns to write Python's manual, character by character.")
options.add_argument("--steps", type=lesson.count, default=1500, help="training steps (default: 1500)")
options.add_argument("--seed", type=int, default=0, help="of the start, the batches and the samples (default: 0)")
options.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda is an NVIDIA GPU (default: cpu)")
options.add_argument("--short", action="store_true", help="100 steps, unless --steps is given")
args = options.parse(short={"steps": 100})
LENGTH, BATCH, WIDTH, STATE = 64, 32, 48, 192

# %% [markdown]
# ## The text
# Nine tenths are read, the last tenth is for judging. A character is a number: its place in the alphabet.

# %%
text = "\n\n".join(topics[name] for name in sorted(topics))
alphabet = sorted(set(text))
code = {c: n for n, c in enumerate(alphabet)}
symbols = np.array([code[c] for c in text])
cut = len(symbols) * 9 // 10
read, unread = symbols[:cut], symbols[cut:]
print(f"{len(text):,} characters, {len(alphabet)} different ones; {len(unread):,} are for judging")

# %% [markdown]
# ## Counting
# Probabilities by counts of what came after the last n characters, where each count starts from a small number instead of 0,
# so that what never came is not impossible.


# %%
def bits_by_counting(n: int, start: float = 0.01) -> Any:
    """-log2 p for each character of the unread text from the third on."""
    size = len(alphabet)

    def contexts(x: Any) -> Any:
        found = np.zeros(len(x) - 2, int)
        for back in range(n, 0, -1):
            found = found * size + x[2 - back : len(x) - back]
        return found

    counts = np.full((size**n, size), start)
    np.add.at(counts, (contexts(read), read[2:]), 1)
    p = counts / counts.sum(1, keepdims=True)
    return -np.log2(p[contexts(unread), unread[2:]])


counted = {n: bits_by_counting(n) for n in range(3)}
for n, what in enumerate(("how often each one comes", "what comes after the last one", "what comes after the last two")):
    print(f"counting {what:31} {counted[n].mean():.3f} bits a character")

# %% [markdown]
# ## The network
# Each character is a row of a table (Embedding), the GRU makes a new state of the row and its state, and a linear layer makes
# scores of the state.


# %%
class Writer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(len(alphabet), WIDTH)
        self.gru = nn.GRU(WIDTH, STATE, batch_first=True)
        self.scores = nn.Linear(STATE, len(alphabet))

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(N, T) characters: the scores of the next one at each place, (N, T, C), and the last state."""
        out, state = self.gru(self.table(x), state)
        return self.scores(out), state


def bits(scores: Tensor, y: Tensor) -> Tensor:
    """-log2 p of the characters that came, (N, T)."""
    return F.cross_entropy(scores.permute(0, 2, 1), y, reduction="none") / log(2)


# %% [markdown]
# ## Training
# On pieces of 64 characters from anywhere in the text. The norm of the gradient is limited: through 64 steps it can become
# large at some places, and one such step would undo many.

# %%
unread_part = from_numpy(unread[: len(unread) // 100 * 100].reshape(100, -1)).to(args.device)


def judged(model: Writer) -> Any:
    """-log2 p for each character of the unread text, which is read in 100 pieces from their beginnings, (100, T)."""
    with no_grad():
        scores, _ = model(unread_part[:, :-1])
        return bits(scores, unread_part[:, 1:]).cpu().numpy()


def batches() -> Iterator[tuple[Tensor, Tensor]]:
    for _ in range(args.steps):
        places = randint(0, len(read) - LENGTH, (BATCH, 1)).numpy() + np.arange(LENGTH + 1)
        pieces = from_numpy(read[places]).to(args.device)
        yield pieces[:, :-1], pieces[:, 1:]


def sample(model: Writer, start: str, length: int) -> str:
    """The start, continued by characters that are drawn with the probabilities of the model."""
    drawn, state = [code[c] for c in start], None
    x = Tensor([drawn]).long().to(args.device)
    with no_grad():
        for _ in range(length):
            scores, state = model(x, state)
            x = multinomial(scores[:, -1].softmax(1), 1)
            drawn.append(int(x))
    return "".join([alphabet[n] for n in drawn])


manual_seed(args.seed)
model = Writer().to(args.device)
optimizer = nn.optim.AdamW(model.parameters(), lr=0.004)
schedule = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps, eta_min=2e-4)
curve: list[tuple[int, float, float]] = []
recent: list[float] = []
begin = perf_counter()
print(" step  bits, last steps  bits, unread text")
with lesson.until_interrupted(lambda: curve):
    for step, (x, y) in enumerate(batches(), 1):
        loss = bits(model(x)[0], y).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        recent.append(loss.item())
        if step % max(1, args.steps // 10) == 0 or step == args.steps:
            curve.append((step, float(np.mean(recent)), float(judged(model).mean())))
            recent.clear()
            print(f"{step:5} {curve[-1][1]:17.3f} {curve[-1][2]:18.3f}")
print(f"{perf_counter() - begin:.1f} seconds")

# %% [markdown]
# ## What it writes

# %%
start = "The for statement "
written = sample(model, start, 400)
print("\n".join([f"    | {line}" for line in written.split("\n")]))

# %% [markdown]
# ## How far back does it look?
# The gradient of the loss at the last place of a piece, with respect to the rows of the table that went in at each place. That
# it is not 0 forty places back is the state's doing; that it falls is what makes recurrent networks forget.

# %%
pieces = unread_part[:, : LENGTH + 1]
rows = model.table(pieces[:, :-1]).detach().requires_grad_()
out, _ = model.gru(rows)
loss = bits(model.scores(out[:, -1:]), pieces[:, -1:]).sum()
(gradient,) = autograd.grad(loss, [rows])
reach = gradient.norm(dim=2).mean(0).cpu().numpy()[::-1]

# %% [markdown]
# ## The picture

# %%
figure = Figure(figsize=(17, 10), layout="constrained")
panels = figure.subplot_mosaic([["curve", "reach"], ["surprise", "surprise"]], height_ratios=[1, 0.9])
steps, training, unread_bits = zip(*curve)
ax = panels["curve"]
ax.plot(steps, training, marker="o", label="GRU, text that it reads")
ax.plot(steps, unread_bits, marker="s", label="GRU, unread text")
for n, style in ((1, "--"), (2, ":")):
    ax.axhline(counted[n].mean(), color="0.4", ls=style, label=f"counting, after {n} character{'s' * (n > 1)}, unread text")
ax.set_xlabel("training step")
ax.set_ylabel("bits a character")
ax.set_title("How unsure the models are")
ax.legend()
ax = panels["reach"]
ax.semilogy(range(1, len(reach) + 1), reach, marker=".")
ax.set_xlabel("places back")
ax.set_ylabel("norm of the gradient at that character's row, mean")
ax.set_title("What the loss at one place says about the characters before it")

surprise = judged(model)
piece, across = int(np.argsort(surprise.mean(1))[50]), 100
shown = unread_part[piece, 1:].cpu().numpy()[: 4 * across]
values = surprise[piece, : 4 * across].reshape(4, across)
ax = panels["surprise"]
image = ax.imshow(values, cmap="OrRd", vmin=0, vmax=8, aspect="auto")
for n, symbol in enumerate(shown):
    letter = alphabet[symbol].replace("\n", "¶")
    ax.text(n % across, n // across, letter, ha="center", va="center", family="monospace", fontsize=9, parse_math=False,
            color="white" if values.flat[n] > 6 else "black")  # fmt: skip
ax.set_axis_off()
ax.set_title("Unread text: how much each character surprises the GRU (¶ is the end of a line)")
figure.colorbar(image, ax=ax, label="bits", pad=0.01)


def places_until(share: float) -> int:
    """How many places back the gradient is less than this share of the one at the last character."""
    below = np.flatnonzero(reach < share * reach[0])
    return int(below[0]) if len(below) else len(reach)


half, tenth = places_until(0.5), places_until(0.1)
print(f"To be seen: the GRU needs {curve[-1][2]:.2f} bits for a character of the text that it has not read, counting after two")
print(f"characters {counted[2].mean():.2f}. Its gradient is less than half as large {half} places before the last character")
print(f"as at it, and less than a tenth {tenth} places before.")
lesson.finish(figure, args.out)
