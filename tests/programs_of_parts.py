"""Programs for test_programs.py that use many parts: hooks, containers, schedules, losses, distributions."""

INSPECTION = """
import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from collections import defaultdict

net = nn.Sequential()
net.add_module("features", nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2)))
net.add_module("flat", nn.Flatten())
net.add_module("classifier", nn.Sequential(nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, 3)))
seen = {}


def get_activation(name):
    def hook(module, input, output):
        seen[name] = output.detach()

    return hook


handles = [m.register_forward_hook(get_activation(n)) for n, m in net.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
x = torch.randn(2, 1, 8, 8)
net(x)
for name, value in seen.items():
    print(name, tuple(value.shape), value.mean(), value.std())
for handle in handles:
    handle.remove()


class GradCAM:
    def __init__(self, model, layer):
        self.model = model
        self.handles = [layer.register_forward_hook(self.keep), layer.register_full_backward_hook(self.keep_gradient)]

    def keep(self, module, args, output):
        self.activations = output

    def keep_gradient(self, module, grad_input, grad_output):
        self.gradients = grad_output[0]

    def __call__(self, x):
        output = self.model(x)
        one_hot = torch.zeros_like(output).scatter_(1, output.argmax(dim=-1).unsqueeze(1), 1.0)
        self.model.zero_grad()
        output.backward(gradient=one_hot, retain_graph=True)
        cam = F.relu((self.gradients.mean(dim=(2, 3), keepdim=True) * self.activations).sum(dim=1, keepdim=True))
        cam = F.interpolate(cam, size=x.shape[2:], mode="bilinear", align_corners=False)
        cam -= cam.min()
        cam /= cam.max() + 1e-8
        return cam.squeeze()


gradcam = GradCAM(net, net.features[3])
print(gradcam(x)[0, :3])
for handle in gradcam.handles:
    handle.remove()
gradcam = None
guided = [m.register_full_backward_hook(lambda m, gi, go: (F.relu(gi[0]),)) for m in net.modules() if isinstance(m, nn.ReLU)]
image = x.clone().requires_grad_()
net(image).max(1)[0].sum().backward()
print(image.grad[0, 0, :2], [handle.remove() for handle in guided])
shapes = defaultdict(list)
pre = net.classifier.register_forward_pre_hook(lambda m, args: (args[0] * 2,))
post = net.classifier[0].register_forward_hook(lambda m, args, out: out.clamp(max=0.5))
back = net.features[0].register_full_backward_hook(lambda m, gi, go: shapes["first"].append((gi, go[0].shape)))
halve = net.features[0].weight.register_hook(lambda grad: grad * 0.5)
y = net(x)
y.sum().backward()
print(dict(shapes), y, net.features[0].weight.grad.norm())
for handle in (pre, post, back, halve):
    handle.remove()
clone = copy.deepcopy(net)
print([p.grad for p in clone.parameters()][:1], all(torch.equal(a, b) for a, b in zip(clone.parameters(), net.parameters())))
trained = {k: v for k, v in net.state_dict().items() if not k.startswith("classifier.2")}
print(clone.load_state_dict(trained, strict=False))
clone.classifier[-1] = nn.Linear(8, 5)
clone.classifier.insert(1, nn.Tanh()).append(nn.Softmax(dim=-1))
del clone.classifier[2]
clone.features.requires_grad_(False)
print(clone, clone.get_submodule("features.3"), [(n, p.requires_grad) for n, p in clone.named_parameters()])
vec = nn.utils.parameters_to_vector(clone.parameters())
nn.utils.vector_to_parameters(vec * 0.5, clone.parameters())
print(vec.shape, clone(x), clone.eval().training, clone.features[1:4], [n for n, _ in clone.named_modules()])


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.choices = nn.ModuleDict({"conv": nn.LazyConv2d(4, 3), "pool": nn.AdaptiveMaxPool2d(2)})
        self.activations = nn.ModuleDict([["lrelu", nn.LeakyReLU()], ["prelu", nn.PReLU()]])
        self.linears = nn.ModuleList([nn.LazyLinear(4), nn.Linear(4, 4)])
        self.params = nn.ParameterList([nn.Parameter(torch.randn(4, 4)) for i in range(2)])
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("scratch", torch.ones(2), persistent=False)
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x, choice, act):
        self.calls += 1
        x = self.activations[act](self.choices[choice](x)).mean((-1, -2))
        for linear, p in zip(self.linears, self.params):
            x = linear(x).mm(p)
        return self.scale * x


mixed = Mixed()
print(mixed)
opt = torch.optim.SGD(mixed.parameters(), lr=1e-2)
for choice, act in (("conv", "lrelu"), ("conv", "prelu")):
    opt.zero_grad()
    loss = mixed(torch.randn(3, 2, 6, 6), choice, act).square().mean()
    loss.backward()
    opt.step()
    print(f"{loss.item():.10f}", [n for n, p in mixed.named_parameters() if p.grad is None])
print(mixed, list(mixed.state_dict()), [n for n, _ in mixed.named_buffers()])
"""

SCHEDULES = """
import copy
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.optim import lr_scheduler as s
from torch.optim.optimizer import Optimizer, required
from torch.optim.lr_scheduler import _LRScheduler
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset


def rates(build, opt=optim.SGD, **options):
    net = nn.Linear(2, 1)
    o = opt([{"params": [net.weight]}, {"params": [net.bias], "lr": 0.05}], lr=0.1, **options)
    scheduler, rows = build(o), []
    for i in range(12):
        o.zero_grad()
        net(torch.ones(1, 2)).sum().backward()
        o.step()
        rows.append([round(g[k], 8) for g in o.param_groups for k in ("lr", "momentum") if k in g])
        measured = [1.0, 0.9, 0.95, 0.91, 0.89999, 0.9, 0.9, 0.8, 0.81, 0.81, 0.81, 0.81][i]
        scheduler.step(measured) if isinstance(scheduler, s.ReduceLROnPlateau) else scheduler.step()
    print(type(scheduler).__name__, rows[0], rows[3], rows[7], rows[11], scheduler.get_last_lr())


class Warmup(_LRScheduler):
    def get_lr(self):
        return [base * min(1.0, (self.last_epoch + 1) / 5) for base in self.base_lrs]


rates(lambda o: s.OneCycleLR(o, max_lr=0.5, steps_per_epoch=4, epochs=3, pct_start=0.25), momentum=0.9)
rates(lambda o: s.OneCycleLR(o, max_lr=[0.5, 0.1], total_steps=13, anneal_strategy="linear", three_phase=True), optim.AdamW)
rates(lambda o: s.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=1e-3))
rates(lambda o: s.ReduceLROnPlateau(o, mode="min", factor=0.5, patience=1, threshold=1e-3, cooldown=1, min_lr=[0.01, 0.02]))
rates(lambda o: s.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=3, mode="triangular2"), momentum=0.9)
rates(lambda o: s.LambdaLR(o, lr_lambda=[lambda e: 0.95**e, lambda e: 1 / (e + 1)]))
rates(lambda o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9)]))
rates(lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=4), s.CosineAnnealingLR(o, 5), s.PolynomialLR(o, 4)], [4, 9]))
rates(Warmup)


def build():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(5, 6, bias=False), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.1), nn.Linear(6, 3))


X = torch.randn(24, 5)
Y = (X[:, :2].sum(1) > 0).long() + (X[:, 2] > 0.5).long()
loader = DataLoader(TensorDataset(X, Y), batch_size=8, shuffle=True)
model = build()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
swa_model, ema = AveragedModel(model), AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
scheduler, swa_scheduler = s.CosineAnnealingLR(optimizer, T_max=4), SWALR(optimizer, swa_lr=0.05, anneal_epochs=2)
for epoch in range(4):
    for x, y in loader:
        lam, index = float(torch.rand(())), torch.randperm(x.size(0))
        out = model(lam * x + (1 - lam) * x[index])
        loss = lam * F.cross_entropy(out, y) + (1 - lam) * F.cross_entropy(out, y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update_parameters(model)
    if epoch > 1:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        scheduler.step()
    print(epoch, f"{loss.item():.9f} {optimizer.param_groups[0]['lr']:.9f}")
update_bn(loader, swa_model)
print(swa_model.eval()(X[:2]), ema.eval()(X[:2]), list(swa_model.state_dict()))


def run(model, optimizer, scheduler, n):
    torch.manual_seed(n)
    for _ in range(n):
        loss = F.cross_entropy(model(X), Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return f"{loss.item():.11f}"


def parts():
    model = build()
    optimizer = optim.AdamW(model.parameters(), lr=1e-2, amsgrad=True)
    return model, optimizer, s.OneCycleLR(optimizer, 0.05, total_steps=20)


first, second = parts(), parts()
run(*first, 5)
saved = copy.deepcopy([part.state_dict() for part in first])
print(run(*first, 4), [part.load_state_dict(state) for part, state in zip(second, copy.deepcopy(saved))], run(*second, 4))
print(saved[1]["param_groups"], saved[1]["state"][0].keys(), saved[1]["state"][0]["step"], first[1])


class Signed(Optimizer):
    def __init__(self, params, lr=required, beta=0.9):
        if lr is not required and lr < 0.0:
            raise ValueError("Invalid learning rate: {}".format(lr))
        super().__init__(params, dict(lr=lr, beta=beta))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if len(state) == 0:
                    state["step"], state["m"] = 0, torch.zeros_like(p, memory_format=torch.preserve_format)
                state["step"] += 1
                m = state["m"].mul_(group["beta"]).add_(p.grad, alpha=1 - group["beta"])
                p.addcdiv_(m, m.abs().add(1e-3), value=-group["lr"])


layer = nn.Linear(3, 2)
try:
    Signed(layer.parameters())
except ValueError as error:
    print(error)
signed = Signed(layer.parameters(), lr=0.05)
decay = s.ExponentialLR(signed, gamma=0.9)
for _ in range(3):
    signed.zero_grad()
    layer(torch.ones(2, 3)).pow(2).sum().backward()
    signed.step()
    decay.step()
print(layer.weight, signed, signed.state_dict())
"""

CODES = """
import random
import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.distributions import Categorical, Normal, kl_divergence
from torch.utils.data.dataset import Dataset
from torch.utils.data.dataloader import DataLoader


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        conv = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.encoder = nn.Sequential(conv, nn.PReLU(4), nn.Flatten(), nn.Linear(64, 8), nn.CELU())
        self.mu, self.logvar = nn.Linear(8, 3), nn.Linear(8, 3)
        self.decoder = nn.Sequential(
            nn.Linear(3, 64), nn.Unflatten(1, (4, 4, 4)), nn.ReLU(True),
            nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1, output_padding=1), nn.Sigmoid())

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.mu(h), self.logvar(h)
        return self.decoder(self.reparameterize(mu, logvar)), mu, logvar


vae, pictures = VAE(), torch.rand(20, 1, 8, 8).bernoulli()
optimizer = optim.Adam(vae.parameters(), lr=1e-2)
for epoch in range(3):
    for x in pictures.split(10):
        recon, mu, logvar = vae(x)
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        loss = F.binary_cross_entropy(recon, x, reduction="sum") + kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("====> {} {:.8f}".format(epoch, loss.item() / len(x)))
again = kl_divergence(Normal(mu, (0.5 * logvar).exp()), Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum()
print(again - kl < 1e-9, vae, vae.decoder(torch.zeros(1, 3))[0, 0, 0])


class Quantizer(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.codes = nn.Embedding(n, d)
        self.codes.weight.data.uniform_(-1 / n, 1 / n)

    def forward(self, z):
        flat = z.permute(0, 2, 3, 1).contiguous().view(-1, z.shape[1])
        index = torch.cdist(flat, self.codes.weight).argmin(dim=1)
        q = self.codes(index).view(z.shape[0], *z.shape[2:], -1).permute(0, 3, 1, 2)
        return z + (q - z).detach(), F.mse_loss(q, z.detach()) + 0.25 * F.mse_loss(q.detach(), z), index.bincount(minlength=4)


class Triplets(Dataset):
    def __init__(self, x, y):
        self.x, self.y, self.groups = x, y, {c: torch.where(y == c)[0] for c in range(3)}

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        c = self.y[i].item()
        near, far = random.choice(self.groups[c]), random.choice(self.groups[(c + 1) % 3])
        return self.x[i], self.x[near], self.x[far], torch.tensor(float(c == 0))


y = torch.arange(18) % 3
x = torch.rand(3, 1, 6, 6)[y] + 0.1 * torch.randn(18, 1, 6, 6)
net, vq = nn.Sequential(nn.Conv2d(1, 3, 2, 2), nn.BatchNorm2d(3), nn.Softsign()), Quantizer(4, 3)
head = nn.Sequential(nn.Flatten(), nn.Linear(27, 4), nn.AlphaDropout(0.1), nn.SELU(True))
groups = [{"params": [*net.parameters()], "lr": 5e-3}, {"params": [*vq.parameters()]}]
optimizer = optim.RMSprop(groups, lr=1e-2, centered=True, eps=1e-3)
optimizer.add_param_group({"params": head.parameters(), "alpha": 0.9})
for a, p, n, target in DataLoader(Triplets(x, y), batch_size=6, shuffle=True):
    (a, e1, used), (p, e2, _), (n, e3, _) = (vq(net(part)) for part in (a, p, n))
    a, p, n = head(a), head(p), head(n)
    loss = nn.TripletMarginLoss(margin=1.0, swap=True)(a, p, n) + e1 + e2 + e3
    loss += 0.1 * F.cosine_embedding_loss(a, n, -torch.ones(6), margin=0.2)
    loss += 0.1 * nn.SoftMarginLoss()(a.sum(1), target * 2 - 1)
    loss += 0.1 * nn.MarginRankingLoss(0.3)(F.pairwise_distance(a, n), F.pairwise_distance(a, p), torch.ones(6))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"{loss.item():.9f}", used.sum(), target.dtype)
print(optimizer, nn.TripletMarginWithDistanceLoss(), nn.PReLU(init=0))

# Words in bags, and their neighbours
bags = [(i % 3, [(i * k) % 11 for k in range(1, 2 + i % 4)]) for i in range(16)]


def collate(batch):
    texts = [torch.tensor(t, dtype=torch.int64) for _, t in batch]
    offsets = torch.tensor([0] + [t.size(0) for t in texts[:-1]]).cumsum(dim=0)
    return torch.tensor([c for c, _ in batch]), torch.cat(texts), offsets


bag, fc = nn.EmbeddingBag(11, 4, mode="mean"), nn.Linear(4, 3)
optimizer = optim.Adagrad([*bag.parameters(), *fc.parameters()], lr=0.5)
for labels, text, offsets in DataLoader(bags, batch_size=4, shuffle=True, collate_fn=collate):
    out = fc(bag(text, offsets))
    loss = F.cross_entropy(out, labels) + F.multi_margin_loss(out, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"{loss.item():.9f}", (out.argmax(1) == labels).sum().item())

# A policy and its critic
actor = nn.Sequential(nn.Linear(4, 8), nn.ReLU6(), nn.Linear(8, 2))
critic = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
target = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
target.load_state_dict(critic.state_dict())
both = optim.ASGD([*actor.parameters(), *critic.parameters()], lr=1e-2)
states, actions, rewards = torch.randn(12, 4), torch.randint(2, (12,)), torch.rand(12)
with torch.no_grad():
    old = Categorical(logits=actor(states)).log_prob(actions)
for step in range(3):
    pi, values = Categorical(logits=actor(states)), critic(states[:-1]).squeeze(-1)
    with torch.no_grad():
        returns = rewards[:-1] + 0.9 * target(states[1:]).squeeze(-1)
    ratio, advantage = torch.exp(pi.log_prob(actions) - old)[:-1], (returns - values).detach()
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    clipped = torch.clamp(ratio, 0.8, 1.2) * advantage
    loss = -torch.min(ratio * advantage, clipped).mean() + F.smooth_l1_loss(values, returns) - 0.01 * pi.entropy().mean()
    both.zero_grad()
    loss.backward()
    both.step()
    for new, slow in zip(critic.state_dict().values(), target.state_dict().values()):
        slow.mul_(0.9).add_(new, alpha=0.1)
    print(f"{loss.item():.10f} {ratio.std().item():.10f}")
pi = None
"""
