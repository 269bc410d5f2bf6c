"""A small GPT, written once as one writes it in PyTorch, trains on the same numbers in both libraries and writes the same text.

Four layers, 64 wide, on the characters of the licence: token and position embeddings, causal self-attention, LayerNorm, GELU,
residuals, AdamW with and without weight decay, clipped gradients, a learning rate that rises and falls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_lite as tl

TEXT = Path(__file__).parents[1].joinpath("LICENSE").read_text()
LETTERS = sorted(set(TEXT))
STEPS = 20


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    for t in (tl, torch):
        t.set_default_dtype(t.float64)
    yield
    for t in (tl, torch):
        t.set_default_dtype(t.float32)


def gpt(torch: Any, **changes: Any) -> Any:
    """The model, of tinygrad_lite or torch: from here on the text does not know which."""
    nn, F = torch.nn, torch.nn.functional
    config = SimpleNamespace(vocab=len(LETTERS), block=32, layers=4, heads=4, width=64, dropout=0.0, tied=True, fused=True)
    vars(config).update(changes)

    class CausalSelfAttention(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(config.width, 3 * config.width)
            self.proj = nn.Linear(config.width, config.width)
            self.drop = nn.Dropout(config.dropout)
            self.register_buffer("causal", torch.tril(torch.ones(config.block, config.block)).bool(), persistent=False)

        def forward(self, x: Any) -> Any:
            n, length, width = x.size()
            q, k, v = self.qkv(x).split(width, dim=2)
            q, k, v = (z.view(n, length, config.heads, width // config.heads).transpose(1, 2) for z in (q, k, v))
            if config.fused:
                p = config.dropout if self.training else 0.0
                y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=p, is_causal=True)
            else:
                scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
                scores = scores.masked_fill(~self.causal[:length, :length], float("-inf"))
                y = self.drop(F.softmax(scores, dim=-1)) @ v
            return self.drop(self.proj(y.transpose(1, 2).contiguous().view(n, length, width)))

    class Block(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norm_1, self.norm_2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
            self.attention = CausalSelfAttention()
            self.mlp = nn.Sequential(
                nn.Linear(config.width, 4 * config.width),
                nn.GELU(),
                nn.Linear(4 * config.width, config.width),
                nn.Dropout(config.dropout),
            )

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norm_1(x))
            return x + self.mlp(self.norm_2(x))

    class GPT(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.transformer = nn.ModuleDict(
                {
                    "tokens": nn.Embedding(config.vocab, config.width),
                    "places": nn.Embedding(config.block, config.width),
                    "drop": nn.Dropout(config.dropout),
                    "blocks": nn.ModuleList([Block() for _ in range(config.layers)]),
                    "norm": nn.LayerNorm(config.width),
                }
            )
            self.head = nn.Linear(config.width, config.vocab, bias=False)
            if config.tied:
                self.transformer.tokens.weight = self.head.weight
            self.apply(self.start)
            for name, p in self.named_parameters():
                if name.endswith("proj.weight"):
                    nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * config.layers))

        def start(self, module: Any) -> None:
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, mean=0.0, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

        def forward(self, tokens: Any, targets: Any = None) -> Any:
            parts = self.transformer
            places = torch.arange(0, tokens.size(1), dtype=torch.long, device=tokens.device)
            x = parts.drop(parts.tokens(tokens) + parts.places(places))
            for block in parts.blocks:
                x = block(x)
            logits = self.head(parts.norm(x))
            if targets is None:
                return logits, None
            return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)

        @torch.no_grad()  # type: ignore[untyped-decorator]
        def generate(self, tokens: Any, n: int, temperature: float, top_k: int) -> Any:
            for _ in range(n):
                logits, _ = self(tokens[:, -config.block :])
                logits = logits[:, -1, :] / temperature
                least, _ = torch.topk(logits, top_k)
                logits[logits < least[:, [-1]]] = -float("inf")
                drawn = torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)
                tokens = torch.cat((tokens, drawn), dim=1)
            return tokens

    return GPT()


def train(torch: Any, model: Any, steps: int = STEPS, batch: int = 8, block: int = 32) -> list[float]:
    """The losses of a few steps."""
    data = torch.tensor([LETTERS.index(letter) for letter in TEXT], dtype=torch.long)
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    losses = []
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * min((step + 1) / 5, 0.5 * (1 + math.cos(math.pi * step / steps)) + 0.1)
        starts = torch.randint(len(data) - block, (batch,))
        x = torch.stack([data[i : i + block] for i in starts])
        y = torch.stack([data[i + 1 : i + 1 + block] for i in starts])
        _, loss = model(x, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
    return losses


def written(torch: Any, model: Any) -> list[int]:
    """Forty tokens after a start, drawn from the same seed."""
    model.eval()
    torch.manual_seed(7)
    start = torch.tensor([[LETTERS.index(letter) for letter in "The "]], dtype=torch.long)
    tokens: list[int] = model.generate(start, 40, temperature=0.8, top_k=10)[0].tolist()
    return tokens


def test_from_the_same_parameters_it_trains_on_the_same_numbers(close: Callable[..., None]) -> None:
    ours, theirs = gpt(tl), gpt(torch)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    ours.load_state_dict(theirs.state_dict())
    losses = []
    for t, model in ((tl, ours), (torch, theirs)):
        t.manual_seed(1)
        losses.append(train(t, model))
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-10, atol=0)
    assert losses[0][-1] < 0.8 * losses[0][0]
    for name, p in theirs.state_dict().items():
        close(ours.state_dict()[name], p, 1e-8)
    assert written(tl, ours) == written(torch, theirs)


@pytest.mark.parametrize("changes", [{}, {"dropout": 0.1, "tied": False}, {"dropout": 0.1, "fused": False}], ids=str)
def test_from_the_same_seed_it_trains_and_writes_the_same(changes: dict[str, Any]) -> None:
    found = []
    for t in (tl, torch):
        t.manual_seed(0)
        model = gpt(t, **changes)
        found.append((train(t, model), written(t, model)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-10, atol=0)
    assert found[0][1] == found[1][1] and len(set(found[0][1])) > 5
