"""Programs about sequences for test_programs.py: recurrent nets, attention, transformers, curves."""

LANGUAGE = """
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


class RNNModel(nn.Module):
    def __init__(self, kind, words, size, layers, dropout=0.2, tie=True):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(words, size)
        self.rnn = getattr(nn, kind)(size, size, layers, dropout=dropout)
        self.decoder = nn.Linear(size, words)
        if tie:
            self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)
        self.words, self.kind, self.size, self.layers = words, kind, size, layers

    def forward(self, input, hidden):
        emb = self.drop(self.encoder(input))
        output, hidden = self.rnn(emb, hidden)
        output += emb
        return F.log_softmax(self.decoder(self.drop(output)).view(-1, self.words), dim=1), hidden

    def init_hidden(self, n):
        zeros = next(self.parameters()).new_zeros(self.layers, n, self.size)
        return (zeros, zeros.clone()) if self.kind == "LSTM" else zeros


def repackage_hidden(h):
    return h.detach() if isinstance(h, torch.Tensor) else tuple(repackage_hidden(v) for v in h)


text = "the cat sat on the mat . the dog sat on the log . a cat saw the dog run . ".split() * 3
vocabulary = {w: i for i, w in enumerate(dict.fromkeys(text))}
ids = torch.tensor([vocabulary[w] for w in text]).type(torch.int64)
data = ids.narrow(0, 0, ids.size(0) // 4 * 4).view(4, -1).t().contiguous()
for kind in ("LSTM", "GRU", "RNN"):
    model = RNNModel(kind, len(vocabulary), 6, 2, tie=kind != "GRU")
    hidden = model.init_hidden(4)
    for i in range(0, data.size(0) - 1, 5):
        n = min(5, len(data) - 1 - i)
        hidden = repackage_hidden(hidden)
        model.zero_grad()
        output, hidden = model(data[i : i + n], hidden)
        loss = nn.NLLLoss()(output, data[i + 1 : i + 1 + n].view(-1))
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-5)
        print("| {:3d} | loss {:5.8f} | ppl {:8.4f} | {:.8f}".format(i, loss.item(), math.exp(loss), norm))
    print(model, len(list(model.parameters())))
    model.eval()
    with torch.no_grad():
        hidden, word = model.init_hidden(1), torch.zeros((1, 1), dtype=torch.long)
        for _ in range(3):
            output, hidden = model(word, hidden)
            word.fill_(output.squeeze().argmax())
        print(word, output[0, :4])


class Attention(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.W, self.U, self.V = nn.Linear(n, n), nn.Linear(n, n), nn.Linear(n, 1)

    def forward(self, query, keys, mask):
        scores = self.V(torch.tanh(self.W(query) + self.U(keys))).squeeze(2).unsqueeze(1)
        weights = F.softmax(scores.masked_fill(mask.unsqueeze(1) == 0, -1e10), dim=-1)
        return torch.bmm(weights, keys), weights


class Translator(nn.Module):
    def __init__(self, words, n):
        super().__init__()
        self.emb = nn.Embedding(words, n, padding_idx=0)
        self.enc = nn.LSTM(n, n, 2, batch_first=True, bidirectional=True, dropout=0.1)
        self.attention = Attention(2 * n)
        self.dec = nn.GRUCell(3 * n, 2 * n)
        self.out = nn.Linear(2 * n, words)

    def forward(self, src, lengths, trg, forced):
        packed = pack_padded_sequence(self.emb(src), lengths.cpu(), batch_first=True, enforce_sorted=False)
        keys, (h, c) = self.enc(packed)
        keys, _ = pad_packed_sequence(keys, batch_first=True)
        hidden, word, steps = torch.cat((h[-2], h[-1]), dim=1), trg[:, 0], []
        mask = torch.arange(keys.size(1))[None, :] < lengths[:, None]
        for i in range(1, trg.size(1)):
            context, w = self.attention(hidden.unsqueeze(1), keys, mask)
            hidden = self.dec(torch.cat((self.emb(word), context.squeeze(1)), dim=1), hidden)
            hidden *= 1.5
            steps.append(self.out(hidden))
            word = trg[:, i] if forced[i] else steps[-1].topk(1)[1].squeeze().detach()
        return torch.stack(steps, dim=1), w


seqs = [torch.arange(1, n + 1) * 3 % 7 + 1 for n in (3, 5, 2, 4)]
lengths, src = torch.tensor([len(s) for s in seqs]), pad_sequence(seqs, batch_first=True)
translator = Translator(8, 4)
for name, param in translator.named_parameters():
    nn.init.normal_(param.data, std=0.3) if "weight" in name else nn.init.constant_(param.data, 0)
opt = torch.optim.Adam(translator.parameters(), lr=0.01, eps=1e-4)
for step in range(3):
    logits, w = translator(src, lengths, src.flip(1), [True, step == 0, True, False, step < 2])
    loss = nn.CrossEntropyLoss(ignore_index=0)(logits.reshape(-1, 8), src.flip(1)[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(translator.parameters(), 0.1)
    opt.step()
    print(f"{loss.item():.10f}", w[1], translator.emb.weight.grad[0].abs().sum())
print(translator)
"""

TRANSFORMERS = """
import math
import torch
from torch import nn, Tensor
from torch.nn import TransformerEncoder, TransformerEncoderLayer
import torch.nn.functional as F


class PositionalEncoding(nn.Module):
    def __init__(self, width, dropout=0.1, longest=20):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(longest).unsqueeze(1)
        rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        pe = torch.zeros(longest, 1, width)
        pe[:, 0, 0::2] = torch.sin(position * rate)
        pe[:, 0, 1::2] = torch.cos(position * rate)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.pe[: x.size(0)])


class LanguageModel(nn.Module):
    def __init__(self, words, width, heads, hidden, layers, dropout=0.2):
        super().__init__()
        self.pos = PositionalEncoding(width, dropout)
        layer = TransformerEncoderLayer(width, heads, hidden, dropout)
        self.encoder = TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.embedding, self.linear, self.width = nn.Embedding(words, width), nn.Linear(width, words), width
        self.embedding.weight.data.uniform_(-0.1, 0.1)

    def forward(self, src):
        mask = nn.Transformer.generate_square_subsequent_mask(len(src))
        return self.linear(self.encoder(self.pos(self.embedding(src) * math.sqrt(self.width)), mask))


data = (torch.arange(80) * 7 % 11).view(4, 20).t().contiguous()
model = LanguageModel(11, 8, 2, 12, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1.0, gamma=0.95)
for i in range(0, 15, 5):
    loss = nn.CrossEntropyLoss()(model(data[i : i + 5]).view(-1, 11), data[i + 1 : i + 6].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    scheduler.step()
    print(f"| lr {scheduler.get_last_lr()[0]:02.3f} | loss {loss.item():5.9f}")


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = nn.Transformer(8, 2, 1, 2, 16, 0.1, norm_first=True, activation="gelu")
        self.src, self.tgt, self.generator = nn.Embedding(9, 8), nn.Embedding(9, 8), nn.Linear(8, 9)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def forward(self, src, tgt, *masks):
        return self.generator(self.transformer(self.src(src), self.tgt(tgt), *masks))


translator = Translator()
optimizer = torch.optim.Adam(translator.parameters(), lr=0.005, betas=(0.9, 0.98), eps=1e-4)
warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: min((k + 1) ** -0.5, (k + 1) * 4**-1.5))
src, tgt = torch.randint(2, 9, (6, 3)), torch.randint(2, 9, (6, 3))
src[4:, 1], tgt[5:, 2] = 1, 1
for step in range(3):
    before, after = tgt[:-1, :], tgt[1:, :]
    causal = torch.triu(torch.full((5, 5), float("-inf")), diagonal=1)
    pads = [(x == 1).transpose(0, 1) for x in (src, before)]
    logits = translator(src, before, torch.zeros(6, 6).type(torch.bool), causal == float("-inf"), None, *pads, pads[0])
    loss = F.cross_entropy(logits.reshape(-1, 9), after.reshape(-1), ignore_index=1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    warmup.step()
    print(f"{loss.item():.9f}", warmup.get_last_lr())
translator.eval()
with torch.no_grad():
    memory, ys = translator.transformer.encoder(translator.src(src[:, :1])), torch.full((1, 1), 2)
    for _ in range(4):
        mask = nn.Transformer.generate_square_subsequent_mask(ys.size(0))
        out = translator.transformer.decoder(translator.tgt(ys), memory, tgt_mask=mask)
        word = torch.max(translator.generator(out[-1]), dim=1)[1].item()
        ys = torch.cat([ys, torch.ones(1, 1).type_as(src.data).fill_(word)], dim=0)
    print(ys.flatten(), out[-1])
print(translator, list(model.state_dict())[:9])
mha = nn.MultiheadAttention(8, 2, batch_first=True, kdim=6, vdim=4)
padding = torch.arange(10).view(2, 5) > 7
out, weights = mha(torch.randn(2, 3, 8), torch.randn(2, 5, 6), torch.randn(2, 5, 4), key_padding_mask=padding)
out.sum().backward()
print(out[0], weights[1], mha.out_proj.bias.grad)


class Block(nn.Module):
    def __init__(self, c, heads):
        super().__init__()
        self.ln_1, self.ln_2, self.heads = nn.LayerNorm(c), nn.RMSNorm(c), heads
        self.c_attn, self.c_proj = nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.mlp = nn.Sequential(nn.Linear(c, 4 * c), nn.GELU(approximate="tanh"), nn.Linear(4 * c, c), nn.Dropout(0.1))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in self.c_attn(self.ln_1(x)).split(C, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=0.1 if self.training else 0.0, is_causal=True)
        x = x + self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))
        return x + self.mlp(self.ln_2(x))


blocks = nn.ModuleList([Block(8, 2) for _ in range(2)])
gpt = nn.ModuleDict(dict(wte=nn.Embedding(11, 8), h=blocks, head=nn.Linear(8, 11, bias=False)))
gpt.wte.weight = gpt.head.weight
decay = [p for p in gpt.parameters() if p.dim() >= 2]
groups = [{"params": decay, "weight_decay": 0.1}, {"params": [p for p in gpt.parameters() if p.dim() < 2], "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-5)
for it in range(4):
    x = gpt.wte(data.t()[:, it : it + 8])
    for block in gpt.h:
        x = block(x)
    loss = F.cross_entropy(gpt.head(x).view(-1, 11), data.t()[:, it + 1 : it + 9].reshape(-1)) / 2
    loss.backward()
    if it % 2:
        print(it, f"{loss.item():.9f} {nn.utils.clip_grad_norm_(gpt.parameters(), 1.0):.8f}")
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
"""

WAVES = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.func import functional_call
from torch.nn.utils import parametrize, parametrizations, weight_norm


class Sequence(nn.Module):
    def __init__(self):
        super(Sequence, self).__init__()
        self.lstm1, self.lstm2 = nn.LSTMCell(1, 5), nn.LSTMCell(5, 5)
        self.linear = nn.Linear(5, 1)

    def forward(self, input, future=0):
        outputs = []
        h, c, h2, c2 = (torch.zeros(input.size(0), 5, dtype=torch.double) for _ in range(4))
        for part in input.split(1, dim=1):
            h, c = self.lstm1(part, (h, c))
            h2, c2 = self.lstm2(h, (h2, c2))
            outputs += [self.linear(h2)]
        for i in range(future):
            h, c = self.lstm1(outputs[-1], (h, c))
            h2, c2 = self.lstm2(h, (h2, c2))
            outputs += [self.linear(h2)]
        return torch.cat(outputs, dim=1)


data = torch.sin((torch.arange(12.0) + torch.tensor([[0.0], [11.0], [40.0]])) / 5)
seq = Sequence().double()
optimizer = optim.LBFGS(seq.parameters(), lr=0.2, max_iter=5)


def closure():
    optimizer.zero_grad()
    loss = F.mse_loss(seq(data[1:, :-1]), data[1:, 1:])
    print(f"loss: {loss.item():.10f}")
    loss.backward()
    return loss


for i in range(2):
    optimizer.step(closure)
    with torch.no_grad():
        pred = seq(data[:1, :-1], future=3)
        print(F.mse_loss(pred[:, :-3], data[:1, 1:]), pred.detach().numpy().round(6)[0, -3:])


class TemporalBlock(nn.Module):
    def __init__(self, inp, out, dilation):
        super().__init__()
        self.conv = weight_norm(nn.Conv1d(inp, out, 3, padding=2 * dilation, dilation=dilation))
        self.downsample = nn.Conv1d(inp, out, 1) if inp != out else None
        self.conv.weight.data.normal_(0, 0.01)
        self.cut = 2 * dilation

    def forward(self, x):
        out = F.relu(self.conv(x)[:, :, : -self.cut].contiguous())
        return F.elu(out + (x if self.downsample is None else self.downsample(x)))


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)

    def right_inverse(self, A):
        return A.triu()


tcn = nn.Sequential(TemporalBlock(2, 4, 1), TemporalBlock(4, 4, 2), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 4))
tcn.add_module("normed", parametrizations.weight_norm(nn.Linear(4, 4)))
tcn.add_module("spectral", parametrizations.spectral_norm(nn.Linear(4, 4)))
tcn.add_module("symmetric", nn.Linear(4, 4))
parametrize.register_parametrization(tcn.symmetric, "weight", Symmetric())
X = torch.rand(8, 2, 10)
opt = optim.NAdam(tcn.parameters(), lr=4e-3)
for step in range(3):
    loss = F.huber_loss(tcn(X).sum(1), (X[:, 0] * X[:, 1]).sum(dim=1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(f"{loss.item():.11f}")
print(tcn, list(tcn.state_dict()), torch.allclose(tcn.symmetric.weight, tcn.symmetric.weight.T))
parametrize.remove_parametrizations(tcn.spectral, "weight")
nn.utils.remove_weight_norm(tcn[0].conv)
print(tcn.spectral, torch.linalg.matrix_norm(tcn.spectral.weight, 2), [n for n, _ in tcn[0].named_parameters()])

# Learning to learn: a step of descent, and the derivative through it
net = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1))
meta = optim.RAdam(net.parameters(), lr=1e-2)
for it in range(2):
    total = 0.0
    for task in range(2):
        a, b = torch.rand(2)
        xs = torch.linspace(-1, 1, 6).unsqueeze(1)
        ys = a * torch.sin(3 * xs + b)
        params = dict(net.named_parameters())
        inner = F.mse_loss(functional_call(net, params, (xs[::2],)), ys[::2])
        grads = torch.autograd.grad(inner, tuple(params.values()), create_graph=True)
        fast = {k: p - 0.1 * g for (k, p), g in zip(params.items(), grads)}
        total = total + F.mse_loss(functional_call(net, fast, (xs[1::2],)), ys[1::2])
    meta.zero_grad()
    total.backward()
    meta.step()
    print(f"{total.item():.11f}")

# A differential equation: derivatives of the net by its input, in the loss
wave = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 8), nn.Softplus(), nn.Linear(8, 1))
t = torch.linspace(0, 1, 10).view(-1, 1).requires_grad_(True)
adam = optim.Adam(wave.parameters(), lr=1e-2)
for step in range(3):
    u = wave(t)
    du = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
    d2u = torch.autograd.grad(du, t, torch.ones_like(du), create_graph=True)[0]
    loss = torch.mean((d2u + 4 * du + 40 * u) ** 2) + (u[0] - 1).pow(2).squeeze() + du[0].pow(2).squeeze()
    adam.zero_grad()
    loss.backward()
    adam.step()
    print(f"{loss.item():.8f}")
"""
