"""Programs about pictures for test_programs.py: a classifier, residual nets, generators against critics, segmentation."""

DIGITS = """
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, 1)
        self.conv2 = nn.Conv2d(4, 6, 3, 1)
        self.dropout1, self.dropout2 = nn.Dropout2d(0.25), nn.Dropout(0.5)
        self.fc1 = nn.Linear(96, 12)
        self.fc2 = nn.Linear(12, 5)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout1(F.max_pool2d(x, 2))
        x = self.dropout2(F.relu(self.fc1(torch.flatten(x, 1))))
        return F.log_softmax(self.fc2(x), dim=1)


device = torch.device("cuda" if torch.cuda.is_available() and False else "cpu")
labels = torch.randint(5, (60,))
images = (torch.rand(5, 1, 12, 12)[labels] + 0.3 * torch.randn(60, 1, 12, 12) - 0.13) / 0.31
loader = DataLoader(TensorDataset(images, labels), batch_size=16, shuffle=True)
model = Net().to(device)
optimizer = optim.Adadelta(model.parameters(), lr=1.0)
scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
for epoch in range(1, 3):
    model.train()
    for i, (data, target) in enumerate(loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        print("{} [{}/{} ({:.0f}%)] {:.8f}".format(epoch, i * 16, len(loader.dataset), 100.0 * i / len(loader), loss.item()))
    model.eval()
    with torch.no_grad():
        output = model(images)
        pred = output.argmax(dim=1, keepdim=True)
        print(F.nll_loss(output, labels, reduction="sum"), pred.eq(labels.view_as(pred)).sum().item())
    scheduler.step()
    print(scheduler.get_last_lr())
print(model, optimizer)
"""

RESIDUAL = """
import copy
import torch
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler


def conv3x3(inp, out, stride=1, groups=1):
    return nn.Conv2d(inp, out, kernel_size=3, stride=stride, padding=1, groups=groups, bias=False)


class BasicBlock(nn.Module):
    expansion: int = 1

    def __init__(self, inp, out, stride=1, downsample=None, norm_layer=nn.BatchNorm2d):
        super().__init__()
        self.conv1, self.bn1 = conv3x3(inp, out, stride), norm_layer(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2, self.bn2 = conv3x3(out, out, groups=2), norm_layer(out)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, layers, classes, zero_init_residual=False, norm_layer=nn.BatchNorm2d):
        super().__init__()
        self.width = 4
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 7, stride=2, padding=3, bias=False), norm_layer(4), nn.ReLU(inplace=True))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(4, layers[0], 1, norm_layer)
        self.layer2 = self._make_layer(8, layers[1], 2, norm_layer)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)
        for m in self.modules():
            if zero_init_residual and isinstance(m, BasicBlock):
                nn.init.zeros_(m.bn2.weight)

    def _make_layer(self, out, blocks, stride, norm_layer):
        downsample = None
        if stride != 1 or self.width != out:
            downsample = nn.Sequential(nn.Conv2d(self.width, out, 1, stride, bias=False), norm_layer(out))
        layers = [BasicBlock(self.width, out, stride, downsample, norm_layer)]
        self.width = out * BasicBlock.expansion
        layers += [BasicBlock(out, out, norm_layer=norm_layer) for _ in range(1, blocks)]
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.layer2(self.layer1(self.maxpool(self.stem(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def train(model, criterion, optimizer, scheduler, epochs=2):
    best, best_acc = copy.deepcopy(model.state_dict()), -1.0
    for epoch in range(epochs):
        for phase in ["train", "val"]:
            model.train(phase == "train")
            total, correct = 0.0, 0
            for x, y in zip(X.split(6), Y.split(6)):
                optimizer.zero_grad()
                with torch.set_grad_enabled(mode=phase == "train"):
                    out = model(x)
                    _, preds = torch.max(out, 1)
                    loss = criterion(out, y)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                total += loss.item() * x.size(0)
                correct += torch.sum(preds == y.data)
            acc = correct.double() / len(X)
            print(f"{epoch} {phase} loss {total / len(X):.8f} acc {acc:.4f}")
        scheduler.step()
        if acc > best_acc:
            best, best_acc = copy.deepcopy(model.state_dict()), acc
    print(model.load_state_dict(best), optimizer.param_groups[0]["lr"])


X, Y = torch.randn(12, 3, 16, 16), torch.randint(0, 4, (12,))
nets = [ResNet([2, 1], 4, True), ResNet([1, 1], 4, norm_layer=lambda n: nn.GroupNorm(2, n))]
for net in nets:
    print(net.to(memory_format=torch.channels_last), net.stem[0].weight.stride())
    sgd = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True)
    train(net, nn.CrossEntropyLoss(label_smoothing=0.1), sgd, lr_scheduler.MultiStepLR(sgd, milestones=[1], gamma=0.1))
net = nets[0]
for m in net.modules():
    if isinstance(m, nn.BatchNorm2d):
        m.momentum = 0.01
for param in net.parameters():
    param.requires_grad = False
net.fc = nn.Linear(net.fc.in_features, 4)
head = optim.SGD(filter(lambda p: p.requires_grad, net.parameters()), lr=0.1)
weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0, 1.0]), ignore_index=3)
train(net, weighted, head, lr_scheduler.ExponentialLR(head, 0.9), 1)
print(nn.Sequential(*list(net.children())[:-1])(X).shape, net.stem[1].running_var, net.stem[1].num_batches_tracked)
"""

GANS = """
import itertools
import torch
import torch.nn as nn
import torch.autograd as autograd
from torch.nn.utils import spectral_norm



def weights_init(m):
    name = m.__class__.__name__
    if name.find("Conv") != -1 and hasattr(m, "weight"):
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif name.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


G = nn.Sequential(
    nn.ConvTranspose2d(6, 8, 4, 1, 0, bias=False), nn.BatchNorm2d(8), nn.ReLU(True),
    nn.ConvTranspose2d(8, 1, 4, 2, 1, bias=False), nn.Tanh())
D = nn.Sequential(
    nn.Conv2d(1, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4), nn.LeakyReLU(0.2, inplace=True),
    nn.Conv2d(4, 1, 4, 1, 0, bias=False), nn.Sigmoid())
G.apply(weights_init)
D.apply(weights_init)
print(G, D)
criterion = nn.BCELoss()
optD = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
optG = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
for i, real in enumerate(torch.rand(12, 1, 8, 8).mul(2).sub(1).split(4)):
    D.zero_grad()
    label = torch.full((4,), 1.0)
    errD = criterion(D(real).view(-1), label)
    errD.backward()
    fake = G(torch.randn(4, 6, 1, 1))
    label.fill_(0.0)
    out = D(fake.detach()).view(-1)
    fakeD = criterion(out, label)
    fakeD.backward()
    optD.step()
    G.zero_grad()
    errG = criterion(D(fake).view(-1), label.fill_(1.0))
    errG.backward()
    optG.step()
    print("[%d] D %.8f G %.8f D(x) %.6f" % (i, errD + fakeD, errG.item(), out.mean().item()))

# A gradient penalty, the derivative of a derivative
critic = nn.Sequential(spectral_norm(nn.Conv2d(1, 4, 3, 2, 1)), nn.LeakyReLU(0.2, True), nn.Flatten(), nn.Linear(64, 1))
opt = torch.optim.RMSprop(critic.parameters(), lr=5e-3, eps=1e-4)
for i in range(3):
    real, fake, alpha = torch.rand(5, 1, 8, 8), torch.rand(5, 1, 8, 8), torch.rand(5, 1, 1, 1)
    mixed = autograd.Variable(alpha * real + (1 - alpha) * fake, requires_grad=True)
    d = critic(mixed)
    grads = autograd.grad(outputs=d, inputs=mixed, grad_outputs=torch.ones(d.size()), create_graph=True,
                          retain_graph=True, only_inputs=True)[0]
    penalty = ((grads.view(5, -1).norm(2, dim=1) - 1) ** 2).mean()
    loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
    opt.zero_grad()
    loss.backward()
    opt.step()
    mixed.grad = None
    print(f"{loss.item():.9f} {penalty:.9f}")


# From one kind of picture to another and back; the norms have no weight, and ReLU writes over their results
def translator():
    return nn.Sequential(
        nn.ReflectionPad2d(2), nn.Conv2d(2, 3, 5), nn.InstanceNorm2d(3), nn.ReLU(True),
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.GroupNorm(2, 4, affine=False), nn.SiLU(True),
        nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1), nn.InstanceNorm2d(3), nn.ReLU(True),
        nn.ConstantPad2d((1, 0, 1, 0), 0.5), nn.Conv2d(3, 2, 2), nn.Tanh())


there, back = translator(), translator()
opt = torch.optim.SGD(itertools.chain(there.parameters(), back.parameters()), lr=0.1, momentum=0.5)
pictures = torch.rand(2, 2, 8, 8)
for i in range(3):
    loss = nn.L1Loss()(back(there(pictures)), pictures) + nn.functional.smooth_l1_loss(there(pictures), pictures)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(f"{loss.item():.10f}")
print(there)
"""

SEGMENTATION = """
from collections import OrderedDict
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint


class DoubleConv(nn.Sequential):
    def __init__(self, inp, out):
        super().__init__(
            nn.Conv2d(inp, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding="same", padding_mode="replicate"),
            nn.InstanceNorm2d(out, affine=True), nn.Hardswish(inplace=True))


class SqueezeExcite(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate = nn.Sequential(OrderedDict(
            pool=nn.AdaptiveAvgPool2d(1), fc1=nn.Conv2d(c, 2, 1), act=nn.ReLU6(True),
            fc2=nn.Conv2d(2, c, 1), out=nn.Hardsigmoid()))
        self.depthwise = nn.Conv2d(c, c, 3, padding=2, dilation=2, groups=c)

    def forward(self, x):
        return self.depthwise(x) * self.gate(x)


class UNet(nn.Module):
    def __init__(self, channels, classes, bilinear):
        super().__init__()
        self.inc, self.down1, self.down2 = DoubleConv(channels, 4), DoubleConv(4, 8), DoubleConv(8, 8)
        self.se = SqueezeExcite(8)
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        else:
            self.up = nn.ConvTranspose2d(8, 8, kernel_size=2, stride=2)
        self.conv1, self.conv2 = DoubleConv(16, 8), DoubleConv(8 + 4, 4)
        self.outc = nn.Conv2d(4, classes, kernel_size=1)

    def join(self, x, skip):
        x = self.up(x)
        dy, dx = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
        return torch.cat([skip, F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])], dim=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = checkpoint(self.down1, F.max_pool2d(x1, 2), use_reentrant=False)
        x3 = self.se(self.down2(F.max_pool2d(x2, 2, ceil_mode=True)))
        return self.outc(self.conv2(self.join(self.conv1(self.join(x3, x2)), x1)))


def dice(pred, target, eps=1e-6):
    inter = 2 * (pred * target).sum(dim=(-1, -2))
    sets = pred.sum(dim=(-1, -2)) + target.sum(dim=(-1, -2))
    return ((inter + eps) / (torch.where(sets == 0, inter, sets) + eps)).mean()


images = torch.randn(2, 2, 11, 13)
masks = (F.avg_pool2d(images, 3, 1, 1).sum(1) * 2).round().clamp(-1, 1).long() + 1
for bilinear in (False, True):
    model = UNet(2, 3, bilinear)
    opt = torch.optim.RMSprop(model.parameters(), lr=1e-2, weight_decay=1e-8, momentum=0.9, eps=1e-3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, "max", patience=0)
    ignoring = masks.clone()
    ignoring[0, :2] = 255
    for step in range(3):
        pred = model(images)
        loss = nn.CrossEntropyLoss(ignore_index=255, weight=torch.tensor([1.0, 2.0, 0.5]))(pred, ignoring)
        loss += 1 - dice(F.softmax(pred, dim=1), F.one_hot(masks, 3).permute(0, 3, 1, 2).to(pred.dtype))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        scheduler.step(0.5)
        print(f"{loss.item():.9f} {norm:.9f}", opt.param_groups[0]["lr"], scheduler.num_bad_epochs)
    model.eval()
    with torch.inference_mode():
        out = F.interpolate(model(images), (6, 7), mode="bicubic")
        print(out.argmax(dim=1)[0], out.softmax(dim=1)[1, :, 0, 0])
print(model)

# Enlarging pictures
net = nn.Sequential(nn.Conv2d(1, 6, (5, 5), (1, 1), (2, 2)), nn.Mish(), nn.Conv2d(6, 9, 3, padding=1), nn.PixelShuffle(3))
nn.init.orthogonal_(net[0].weight, nn.init.calculate_gain("relu"))
nn.init.orthogonal_(net[2].weight)
big = F.interpolate(torch.rand(4, 1, 4, 4), size=(12, 12), mode="bicubic", align_corners=False).clamp(0, 1)
small, opt = F.avg_pool2d(big, 3), torch.optim.Adamax(net.parameters(), lr=0.01)
for epoch in range(3):
    loss = F.mse_loss(net(small), big)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(f"{-10 * torch.log10(loss).item():.8f} dB")
"""
