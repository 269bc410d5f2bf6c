"""Programs as tutorials write them, run in PyTorch and here from the same text: only the imports differ. All that they print is
the same, to the last character; but dtypes are NumPy's here (float64 for torch.float64), and a step has another name.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
from typing import Any

import pytest
import same_seed
import torch

import tinygrad_lite as tl

IMPORTS = [  # PyTorch's, and what a user writes instead
    (r"^import torch$", "import tinygrad_lite as torch"),
    (r"^import torch\.", "import tinygrad_lite."),
    (r"^from torch\b", "from tinygrad_lite"),
]

BIGRAM = """
import torch
import torch.nn.functional as F

words = [a + b for a in ["mi", "lo", "sa", "te"] for b in ["ra", "na", "mo", "ki", "sel"]]
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)} | {".": 0}
itos = {i: s for s, i in stoi.items()}
N = torch.zeros((len(stoi), len(stoi)), dtype=torch.int32)
pairs = [(stoi[a], stoi[b]) for w in words for a, b in zip("." + w, w + ".")]
for a, b in pairs:
    N[a, b] += 1
print(N[0], N.sum().item(), N[:3].float().mean(1))
P = (N + 1).float()
P /= P.sum(1, keepdims=True)
print(P[0], P.sum(1))

g = torch.Generator().manual_seed(2147)
print(torch.multinomial(P[1], num_samples=15, replacement=True, generator=g))
for _ in range(4):
    name, ix = "", 0
    while True:
        ix = torch.multinomial(P[ix], num_samples=1, replacement=True, generator=g)[0].item()
        if ix == 0:
            break
        name += itos[ix]
    print(name)
xs, ys = torch.tensor(pairs).unbind(1)
print(-P[xs, ys].log().mean())

xenc = F.one_hot(xs, num_classes=len(stoi)).to(torch.get_default_dtype())
W = torch.randn((len(stoi), len(stoi)), generator=g, requires_grad=True)
for k in range(30):
    counts = (xenc @ W).exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(len(xs)), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -10 * W.grad
    if k % 10 == 9:
        print(f"{k} {loss.item():.10f}")
print(W[0], W.grad.abs().max())
"""

MLP = """
import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(7)
n, vocab, block = 24, 9, 3
X = torch.randint(0, vocab, (200, block), generator=g)
Y = (X[:, 0] + 2 * X[:, 1]) % vocab
C = torch.randn((vocab, 4), generator=g)
W1 = torch.randn((4 * block, 20), generator=g) * (5 / 3) / (4 * block) ** 0.5
W2 = torch.randn((20, vocab), generator=g) * 0.1
b2 = torch.randn(vocab, generator=g) * 0.1
gain, bias = torch.randn((1, 20)) * 0.1 + 1, torch.randn((1, 20)) * 0.1
parameters = [C, W1, W2, b2, gain, bias]
print(sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True


def cmp(s, dt, t):
    print(f"{s:10s} | approximate: {str(torch.allclose(dt, t.grad)):5s} | shape is correct: {dt.shape == t.shape}")


def forward(Xb):
    emb = C[Xb]
    embcat = emb.view(emb.shape[0], -1)
    hprebn = embcat @ W1
    mean, var = hprebn.mean(0, keepdim=True), hprebn.var(0, keepdim=True, unbiased=True)
    raw = (hprebn - mean) * (var + 1e-5) ** -0.5
    h = torch.tanh(gain * raw + bias)
    return emb, embcat, hprebn, var, raw, h, h @ W2 + b2


ix = torch.randint(0, len(X), (n,), generator=g)
Xb, Yb = X[ix], Y[ix]
emb, embcat, hprebn, var, raw, h, logits = forward(Xb)
maxes = logits.max(1, keepdim=True).values
counts = (logits - maxes).exp()
sums = counts.sum(1, keepdims=True)
logprobs = (counts * sums**-1).log()
loss = -logprobs[range(n), Yb].mean()
for t in [emb, embcat, hprebn, raw, h, logits, counts, logprobs]:
    t.retain_grad()
loss.backward()
print(loss)

dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), Yb] = -1.0 / n
cmp("logprobs", dlogprobs, logprobs)
dlogits = F.softmax(logits, 1)
dlogits[range(n), Yb] -= 1
dlogits /= n
cmp("logits", dlogits, logits)
print(dlogits[0] * n, dlogits[0].sum().abs() < 1e-12)
dh = dlogits @ W2.T
cmp("h", dh, h)
cmp("W2", h.T @ dlogits, W2)
cmp("b2", dlogits.sum(0), b2)
dhpre = (1.0 - h**2) * dh
cmp("gain", (raw * dhpre).sum(0, keepdim=True), gain)
cmp("bias", dhpre.sum(0, keepdim=True), bias)
inv = (var + 1e-5) ** -0.5
dhprebn = gain * inv / n * (n * dhpre - dhpre.sum(0) - n / (n - 1) * raw * (dhpre * raw).sum(0))
cmp("hprebn", dhprebn, hprebn)
cmp("W1", embcat.T @ dhprebn, W1)
demb = (dhprebn @ W1.T).view(emb.shape)
dC = torch.zeros_like(C)
for k in range(Xb.shape[0]):
    for j in range(Xb.shape[1]):
        dC[Xb[k, j]] += demb[k, j]
cmp("emb", demb, emb)
cmp("C", dC, C)
print(f"{F.cross_entropy(logits, Yb).item():.10f}", (F.cross_entropy(logits, Yb) - loss).abs().item() < 1e-12)

ud = []
for i in range(60):
    ix = torch.randint(0, len(X), (n,), generator=g)
    *_, h, logits = forward(X[ix])
    loss = F.cross_entropy(logits, Y[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -0.5 * p.grad
    with torch.no_grad():
        ud.append([(0.5 * p.grad.std() / p.data.std()).log10().item() for p in parameters])
    if i % 20 == 19:
        print(f"{i:7d}: {loss.item():.8f}, saturated {(h.abs() > 0.97).float().mean() * 100:.2f}%")
print(torch.tensor(ud).view(3, 20, -1).mean(1))
for p in parameters:
    print("%10s | std %e | grad:data ratio %e" % (tuple(p.shape), p.grad.std(), p.grad.std() / p.std().item()))


@torch.no_grad()
def split_loss(X, Y):
    return F.cross_entropy(forward(X)[-1], Y)


print(split_loss(X, Y), (forward(X)[-1].argmax(1) == Y).float().mean())
"""

POLYNOMIAL = """
import math
import torch

x = torch.linspace(-math.pi, math.pi, 200)
y = torch.sin(x)


def show(form, loss, *numbers):
    print(form, f"{loss:.10f}", *[f"{n.item():.10f}" for n in numbers])


a, b, c, d = (torch.randn(()) for _ in range(4))  # by hand
for t in range(100):
    y_pred = a + b * x + c * x**2 + d * x**3
    loss = (y_pred - y).pow(2).sum().item()
    grad_y_pred = 2.0 * (y_pred - y)
    a -= 1e-5 * grad_y_pred.sum()
    b -= 1e-5 * (grad_y_pred * x).sum()
    c -= 1e-5 * torch.matmul(input=grad_y_pred, other=x.pow(2))
    d -= 1e-5 * (grad_y_pred * x**3).sum()
show("by hand", loss, a, b, c, d)

weights = [torch.randn((), requires_grad=True) for _ in range(4)]  # autograd
for t in range(100):
    loss = (sum(w * x**k for k, w in enumerate(weights)) - y).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        for w in weights:
            w -= 1e-5 * w.grad
            w.grad = None
show("autograd", loss.item(), *weights)
print(weights, loss.requires_grad)


class LegendrePolynomial3(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


a, b, c, d = (torch.full((), value, requires_grad=True) for value in (0.0, -1.0, 0.0, 0.3))
for t in range(100):
    loss = (a + b * LegendrePolynomial3.apply(c + d * x) - y).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        for w in (a, b, c, d):
            w -= 5e-5 * w.grad
            w.grad.zero_()
show("Function", loss.item(), b, d)

xx = x.unsqueeze(-1).pow(torch.tensor([1, 2, 3]))  # modules
model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0, 1))
loss_fn = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
print(model, [name for name, _ in model.named_parameters()])
for t in range(100):
    loss = loss_fn(model(xx), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
show("modules", loss.item(), model[0].bias, *model[0].weight[0])


class Polynomial3(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Parameter(torch.randn(())), torch.nn.Parameter(torch.randn(()))

    def forward(self, x):
        return self.a * x + self.b * x**3


model = Polynomial3()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)
for t in range(100):
    loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
show("Module", loss.item(), model.a, model.b)
print(list(model.state_dict().items()))
"""

REGRESSION = """
import random
import torch
from torch import nn
from torch.utils import data


def synthetic_data(w, b, n):
    X = torch.normal(0, 1, (n, len(w)))
    y = torch.matmul(X, w) + b
    y += torch.normal(0, 0.01, y.shape)
    return X, y.reshape((-1, 1))


def data_iter(batch_size, features, labels):
    indices = list(range(len(features)))
    random.shuffle(indices)
    for i in range(0, len(indices), batch_size):
        batch = torch.tensor(indices[i : min(i + batch_size, len(indices))])
        yield features[batch], labels[batch]


def sgd(params, lr, batch_size):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()


true_w, true_b = torch.tensor([2, -3.4]), 4.2
features, labels = synthetic_data(true_w, true_b, 120)
print("features:", features[0], "label:", labels[0])
w = torch.normal(0, 0.01, size=(2, 1), requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for epoch in range(3):
    for X, y in data_iter(10, features, labels):
        ((X @ w + b - y) ** 2 / 2).sum().backward()
        sgd([w, b], 0.1, len(X))
    with torch.no_grad():
        print(f"epoch {epoch + 1}, loss {float(((features @ w + b - labels) ** 2 / 2).mean()):f}")
print(f"error in estimating w: {true_w - w.reshape(true_w.shape)}, b: {true_b - b}")

loader = data.DataLoader(data.TensorDataset(features, labels), 10, shuffle=True)
net = nn.Sequential(nn.Linear(2, 1))
net[0].weight.data.normal_(0, 0.01)
net[0].bias.data.fill_(0)
trainer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(3):
    for X, y in loader:
        l = nn.MSELoss()(net(X), y)
        trainer.zero_grad()
        l.backward()
        trainer.step()
    print(f"epoch {epoch + 1}, loss {nn.MSELoss()(net(features), labels):f}")
print(next(iter(loader))[1].T)


def softmax(X):
    X_exp = torch.exp(X)
    return X_exp / X_exp.sum(1, keepdim=True)


def cross_entropy(y_hat, y):
    return -torch.log(y_hat[range(len(y_hat)), y])


def accuracy(y_hat, y):
    if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    cmp = y_hat.type(y.dtype) == y
    return float(cmp.type(y.dtype).sum())


y, y_hat = torch.tensor([0, 2]), torch.tensor([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
print(y_hat[[0, 1], y], cross_entropy(y_hat, y), accuracy(y_hat, y) / len(y))
images = torch.rand(90, 1, 4, 4)
classes = images.reshape(90, -1).unfold(1, 4, 4).sum(-1).argmax(1)
W, b = torch.normal(0, 0.01, size=(16, 4), requires_grad=True), torch.zeros(4, requires_grad=True)
for epoch in range(3):
    right, total = 0.0, 0.0
    for X, y in data_iter(30, images, classes):
        y_hat = softmax(torch.matmul(X.reshape((-1, W.shape[0])), W) + b)
        l = cross_entropy(y_hat, y)
        l.sum().backward()
        sgd([W, b], 1.0, len(X))
        right, total = right + accuracy(y_hat, y), total + l.sum().item()
    print(f"epoch {epoch + 1}, loss {total / 90:.8f}, accuracy {right / 90:.3f}")


def f(a):
    b = a * 2
    while b.norm() < 1000:
        b = b * 2
    return b if b.sum() > 0 else 100 * b


a = torch.randn(size=(), requires_grad=True)
d = f(a)
d.backward()
print(a.grad == d / a, a.grad, torch.cat((a.reshape(1), d.view(1))).detach())
"""

ATTENTION = """
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(1337)
B, T, C = 2, 5, 4
x = torch.randn(B, T, C)
xbow = torch.zeros((B, T, C))
for b in range(B):
    for t in range(T):
        xbow[b, t] = torch.mean(x[b, : t + 1], 0)
tril = torch.tril(torch.ones(T, T))
wei = tril / tril.sum(1, keepdim=True)
print(torch.allclose(xbow, wei @ x), tril)
wei = torch.zeros((T, T)).masked_fill(tril == 0, float("-inf"))
print(wei, F.softmax(wei, dim=-1))
print(torch.allclose(xbow, F.softmax(wei, dim=-1) @ x))

text = "the cat sat on the mat. the dog sat on the log. the cat saw the dog. " * 4
chars = sorted(set(text))
stoi, itos = {c: i for i, c in enumerate(chars)}, dict(enumerate(chars))
data = torch.tensor([stoi[c] for c in text], dtype=torch.long)
print(data.shape, data.dtype, data[:30])
vocab, block, width, heads = len(chars), 8, 12, 3


def get_batch():
    ix = torch.randint(len(data) - block, (4,))
    return torch.stack([data[i : i + block] for i in ix]), torch.stack([data[i + 1 : i + block + 1] for i in ix])


class Head(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.key, self.query, self.value = (nn.Linear(width, size, bias=False) for _ in range(3))
        self.register_buffer("tril", torch.tril(torch.ones(block, block)))

    def forward(self, x):
        B, T, C = x.shape
        k, q = self.key(x), self.query(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        return F.softmax(wei, dim=-1) @ self.value(x)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Parameter(torch.randn(vocab, width)), nn.Parameter(torch.randn(block, width))
        self.heads = nn.ModuleList([Head(width // heads) for _ in range(heads)])
        self.net = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.out = nn.Linear(width, vocab)

    def norm(self, x):
        return (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-5)

    def forward(self, idx, targets=None):
        x = self.tokens[idx] + self.places[torch.arange(idx.shape[1])]
        x = x + torch.cat([head(self.norm(x)) for head in self.heads], dim=-1)
        logits = self.out(x + self.net(self.norm(x)))
        if targets is None:
            return logits, None
        B, T, C = logits.shape
        return logits, F.cross_entropy(logits.view(B * T, C), targets.view(B * T))

    def generate(self, idx, n):
        for _ in range(n):
            logits, _ = self(idx[:, -block:])
            probs = F.softmax(logits[:, -1, :], dim=-1)
            idx = torch.cat((idx, torch.multinomial(probs, num_samples=2, replacement=True)[:, :1]), dim=1)
        return idx


model = Model()
print(sum(p.numel() for p in model.parameters()), "parameters", [name for name, _ in model.named_buffers()])
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for i in range(60):
    xb, yb = get_batch()
    logits, loss = model(xb, yb)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if i % 20 == 19:
        print(f"step {i}: loss {loss:.8f}, {logits.var():.6f}")
print("".join(itos[i] for i in model.generate(torch.zeros((1, 1), dtype=torch.long), 40)[0].tolist()))
print(torch.topk(F.softmax(model(xb)[0][0, -1], dim=-1), 3))
"""

TOUR = """
import numpy as np
import torch

x = torch.arange(12).reshape(3, 4)
print(x, x.shape, x.size(1), x.T.stride(), x.is_contiguous(), x.T.contiguous().stride(), x.dtype)
print(x.float() / 3, x // 5, x % 5, -x % 5, torch.tensor([-4.0, 4.0]) % 2)
print(x[1:, ::2], x[x > 6], x[:, [0, 0]], x[..., None].shape, x[-1])
print(x.sum(), x.sum(0), x.sum(axis=1, keepdims=True), x.float().mean(), x.float().std(), x.max(1), x.min(0))
print(torch.sort(torch.tensor([3.0, 1.0, 2.0]), descending=True), x.float().median(0), torch.cummax(x[:, 0], 0), x.float().aminmax())
print(torch.unique(torch.tensor([1, 2, 1, 2, 5]), return_counts=True), torch.where(x > 5, x, 0), torch.cat((x, x), 1).shape)
y = x.float()
y[0], y[:, 1] = 7, y[:, 2] * 2
y += 1
view = y.view(-1)
view[::5] = -1
print(y, view.data_ptr() == y.data_ptr(), id(y) == id(y.add_(1)))
print(torch.tensor([1e-5, 1.0, 1e5]), torch.tensor([1.5, float("nan"), float("inf")]), torch.tensor([]), torch.tensor(True), torch.tensor(2.5))
print(torch.zeros(2, 0), torch.ones(2, dtype=torch.float32), torch.eye(2, dtype=torch.int16), torch.rand(1100)[:3], torch.randn(40, 40))
a = np.ones(3)
b = torch.from_numpy(a)
np.add(a, 1, out=a)
print(b, np.shares_memory(b.numpy(), a), torch.tensor(a).mul_(3), type(b.sum().item()), b.tolist(), len(b))
w = torch.tensor([1.0, 2.0], requires_grad=True)
out = (w * torch.tensor([3.0, 4.0])).exp().log().sum()
out.backward()
print(w, w.grad, out.item(), out.is_leaf, w.detach(), w.clone().requires_grad, (w * 2).detach().requires_grad)
m = torch.tensor([[3.0, 1.0], [1.0, 2.0]])
print(torch.linalg.eigh(m).eigenvalues, (torch.linalg.inv(m) @ m).round(decimals=9), f"{torch.det(m):.9f}", torch.linalg.slogdet(m), m.trace(), torch.einsum("ij,ij->i", m, m))
print(torch.autograd.functional.jacobian(lambda v: v**2, torch.ones(2)), torch.gradient(torch.tensor([1.0, 4.0, 9.0])))
print(f"{torch.tensor(3.14159):.2f}", f"{torch.tensor([1.0])}", "{}".format(torch.device("cpu")), torch.Size([2]), torch.cuda.is_available())
for wrong in (lambda: torch.ones(2) + torch.ones(3), lambda: torch.ones(2, 3) @ torch.ones(2, 3), lambda: x.view(5), lambda: x[5], lambda: w.add_(1)):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__)
"""  # noqa: E501

PROGRAMS = {
    "bigram": BIGRAM, "mlp": MLP, "polynomial": POLYNOMIAL, "regression": REGRESSION, "attention": ATTENTION, "tour": TOUR,
}  # fmt: skip


def printed(program: str, t: Any, names: dict[str, Any] | None = None) -> str:
    """What a program prints, from seed 0 and in float64, without the names of steps and in NumPy's names of dtypes. Its
    variables are left in `names`.
    """
    t.manual_seed(0)
    random.seed(0)
    default, out = t.get_default_dtype(), io.StringIO()
    t.set_default_dtype(t.float64)
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(program, "tutorial", "exec"), {"__name__": "tutorial"} if names is None else names)
    finally:
        t.set_default_dtype(default)
    text = re.sub(r",?\s*grad_fn=<\w+>", "", out.getvalue())
    return re.sub(r"torch\.(float|int)(?=\d)", r"\1", text)


def swapped(program: str) -> str:
    for pattern, instead in IMPORTS:
        program = re.sub(pattern, instead, program, flags=re.MULTILINE)
    return program


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_tutorial_prints_what_it_prints_in_pytorch(name: str) -> None:
    program = PROGRAMS[name]
    if same_seed.torch_asks_mkl():  # on this processor, one draw of it comes from another stream
        program = program.replace("num_samples=1,", "num_samples=2,")
    ours, theirs = printed(swapped(program), tl), printed(program, torch)
    assert ours.splitlines() == theirs.splitlines()
    assert len(ours) > 500


def test_the_programs_differ_in_their_imports_only() -> None:
    for program in PROGRAMS.values():
        changed = [(a, b) for a, b in zip(program.splitlines(), swapped(program).splitlines()) if a != b]
        assert changed and all(re.match("(import|from) torch", a) for a, _ in changed)
        assert "torch" not in {line.split()[1] for line in swapped(program).splitlines() if line.startswith(("import", "from"))}
