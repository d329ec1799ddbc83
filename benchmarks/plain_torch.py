"""Model II as one writes it in PyTorch: what kerasad's speed is measured with.

The same layers and weights as `kerasad.models.SSAE` with its head and context,
in float32, channels first, with PyTorch's own convolutions, optimizer and
losses and nothing of Keras.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

SMOOTH = 20.0  # of the Dice term, see kerasad.losses.MaskLoss
DICE = 0.075


class SDC(nn.Module):
    def __init__(self, width, dilations):
        super().__init__()
        each = max(1, width // len(dilations))
        self.branches = nn.ModuleList(
            nn.Conv2d(width, each, 3, padding=d, dilation=d) for d in dilations
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1).relu()


class Residual(nn.Module):
    """`x + conv(relu(f(relu(x))))`, with `f` a convolution or an SDC."""

    def __init__(self, width, dilations=None):
        super().__init__()
        if dilations is None:
            self.first = nn.Conv2d(width, width, 3, padding=1)
            self.last = nn.Conv2d(width, width, 3, padding=1)
        else:
            self.first = SDC(width, dilations)
            inner = max(1, width // len(dilations)) * len(dilations)
            self.last = nn.Conv2d(inner, width, 1)

    def forward(self, x):
        return x + self.last(self.first(x.relu()).relu())


class Convex(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gate = nn.Conv2d(2 * width, 1, 1)

    def forward(self, encoder, decoder):
        beta = self.gate(torch.cat([encoder, decoder], 1)).sigmoid()
        return decoder + beta * (encoder - decoder)


class PlainSSAE(nn.Module):
    """Takes `(batch, 8, height, width)`; a pair of maps comes out.

    Args: those of `kerasad.models.SSAE`, `context` and `head` being on.
    """

    def __init__(self, stem, filters, dilations, blocks, sdc_from):
        super().__init__()
        self.stem = stem
        self.first = nn.Conv2d(6 * stem**2 + 10, filters[0], 3, padding=1)
        self.downs, self.levels = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(filters):
            if level:
                before = filters[level - 1]
                self.downs.append(nn.Conv2d(before, width, 2, stride=2))
            body = []
            for _ in range(blocks if level == len(filters) - 1 else 1):
                if level >= sdc_from:
                    body.append(Residual(width, dilations))
                body.append(Residual(width))
            self.levels.append(nn.Sequential(*body))
        self.ups, self.mixes = nn.ModuleList(), nn.ModuleList()
        self.decoders = nn.ModuleList()
        for level in reversed(range(len(filters) - 1)):
            width = filters[level]
            self.ups.append(nn.Conv2d(filters[level + 1], width, 1))
            self.mixes.append(Convex(width))
            self.decoders.append(Residual(width))
        width = filters[0]
        self.pixels = nn.Conv2d(width, 3 * stem**2, 3, padding=1)
        self.judge = nn.Conv2d(3 * stem**2 + width, width, 3, padding=1)
        self.judge_body = Residual(width)
        self.mask = nn.Conv2d(width, max(1, stem // 2) ** 2, 3, padding=1)

    def forward(self, images):
        pixels = functional.pixel_unshuffle(images[:, :3], self.stem)
        deviation = functional.pixel_unshuffle(images[:, 3:6], self.stem)
        place = functional.avg_pool2d(images[:, 6:], self.stem)
        angles = torch.cat([torch.pi * place, 2 * torch.pi * place], 1)
        place = torch.cat([place, angles.sin(), angles.cos()], 1)
        x = self.first(torch.cat([4 * pixels - 2, deviation, place], 1))
        skips = []
        for level, body in enumerate(self.levels):
            if level:
                x = self.downs[level - 1](x.relu())
            x = body(x)
            skips.append(x)
        for up, mix, decoder, skip in zip(
            self.ups, self.mixes, self.decoders, skips[-2::-1], strict=True
        ):
            x = functional.interpolate(up(x), scale_factor=2)
            x = decoder(mix(skip, x))
        x = x.relu()
        output = self.pixels(x).sigmoid()
        y = self.judge(torch.cat([4 * (pixels - output), x], 1))
        logits = self.mask(self.judge_body(y).relu())
        return (
            functional.pixel_shuffle(output, self.stem),
            functional.pixel_shuffle(logits, max(1, self.stem // 2)),
        )


def plain_of(config):
    """The plain twin of the network of a `kerasad.config.Config`."""
    if not (config.head and config.context):
        raise ValueError("only Model II with head and context has a twin")
    return PlainSSAE(
        config.stem,
        config.filters,
        config.dilations,
        config.blocks,
        config.sdc_from,
    )


def train_step(model, optimizer, config, images, clean, weights, masks):
    """One update; arrays are numpy, channels last, as the data set's."""
    images, clean, masks = map(channels_first, (images, clean, masks))
    weights = torch.from_numpy(weights)
    output, logits = model(images)
    loss = (weights * (clean - output).square().mean(1)).mean()
    masks = functional.avg_pool2d(masks, masks.shape[-1] // logits.shape[-1])
    entropy = functional.binary_cross_entropy_with_logits(logits, masks)
    found = logits.sigmoid()
    total = (found.square() + masks.square()).sum()
    dice = 1 - (2 * (found * masks).sum() + SMOOTH) / (total + SMOOTH)
    loss = config.reconstruction_weight * loss
    loss = loss + config.head_weight * (entropy + DICE * dice)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), config.clipnorm)
    optimizer.step()
    return float(loss.detach())


def channels_first(array):
    return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous()


def load_keras_weights(model, network):
    """Copies the weights of the Keras network, layer by layer in order.

    Both list their convolutions in the order of the computation; the order of
    the pixels in a block differs.
    """
    kernels = [w for w in network.get_weights() if w.ndim == 4]
    biases = [w for w in network.get_weights() if w.ndim == 1]
    shuffled = pixel_channels(model.stem)
    for twin, kernel, bias in zip(ordered(model), kernels, biases, strict=True):
        if twin is model.first:
            each = np.arange(kernel.shape[2])
            each[: 2 * len(shuffled)] = [*shuffled, *shuffled + len(shuffled)]
            kernel = kernel[:, :, each]
        if twin is model.judge:
            each = np.arange(kernel.shape[2])
            each[: len(shuffled)] = shuffled
            kernel = kernel[:, :, each]
        if twin is model.pixels:
            kernel, bias = kernel[..., shuffled], bias[shuffled]
        kernel = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        if twin.weight.shape != kernel.shape:
            raise ValueError(f"{tuple(kernel.shape)} is not {twin}")
        twin.weight.data = kernel
        twin.bias.data = torch.from_numpy(bias.copy())


def pixel_channels(block):
    """Where PyTorch's channel `(colour, y, x)` is in ours, `(y, x, colour)`."""
    return np.arange(3 * block**2).reshape(block**2, 3).T.ravel()


def ordered(model):
    """The convolutions in the order of the computation."""

    def convolutions(*modules):
        for module in modules:
            for part in module.modules():
                if isinstance(part, nn.Conv2d):
                    yield part

    yield from convolutions(model.first)
    for level, body in enumerate(model.levels):
        if level:
            yield from convolutions(model.downs[level - 1])
        yield from convolutions(body)
    for parts in zip(model.ups, model.mixes, model.decoders, strict=True):
        yield from convolutions(*parts)
    yield from convolutions(model.pixels, model.judge, model.judge_body)
    yield from convolutions(model.mask)
