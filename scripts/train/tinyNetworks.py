"""
Trains one of the networks of scripts/train/tinyNetworks.ts, which writes the items and reads the result back:

    /usr/bin/python3 scripts/train/tinyNetworks.py SETTINGS.json

Needs the Debian package python3-torch. Architectures of MLPerf Tiny after benchmark/training of mlcommons/tiny at 1afd2c9
(keras_model.py, vww_model.py): filters, strides, "same" padding as TensorFlow pads, biases; without the softmax.
"""
import json
import math
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F


class Same(nn.Module):
    """TensorFlow's "same" padding: what is odd goes below and to the right."""

    def __init__(self, size, kernel, stride):
        super().__init__()
        pads = []
        for side, k, s in zip(size, kernel, stride):
            total = max((math.ceil(side / s) - 1) * s + k - side, 0)
            pads.append((total // 2, total - total // 2))
        self.pads = [pads[1][0], pads[1][1], pads[0][0], pads[0][1]]

    def forward(self, x):
        return F.pad(x, self.pads)


def conv(size, inputs, outputs, kernel, stride=1, groups=1, norm=True, relu=True):
    kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    steps = (stride, stride)
    layers = [Same(size, kernel, steps), nn.Conv2d(inputs, outputs, kernel, steps, groups=groups)]
    if norm:
        layers.append(nn.BatchNorm2d(outputs))
    if relu:
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class Residual(nn.Module):
    def __init__(self, size, inputs, outputs, stride):
        super().__init__()
        self.a = conv(size, inputs, outputs, 3, stride)
        self.b = conv(tuple(side // stride for side in size), outputs, outputs, 3, relu=False)
        self.short = None if stride == 1 else conv(size, inputs, outputs, 1, stride, norm=False, relu=False)

    def forward(self, x):
        return F.relu((x if self.short is None else self.short(x)) + self.b(self.a(x)))


class Head(nn.Module):
    """Global average and a dense layer."""

    def __init__(self, side, channels, classes, dropout=0.0):
        super().__init__()
        self.pool, self.dropout, self.dense = nn.AvgPool2d(side), nn.Dropout(dropout), nn.Linear(channels, classes)

    def forward(self, x):
        return self.dense(torch.flatten(self.pool(self.dropout(x)), 1))


def resnet8():
    return nn.Sequential(
        conv((32, 32), 3, 16, 3), Residual((32, 32), 16, 16, 1), Residual((32, 32), 16, 32, 2),
        Residual((16, 16), 32, 64, 2), Head((8, 8), 64, 10))


def resnet20():
    blocks, side, inputs = [], 16, 12
    for outputs in (12, 24, 48):
        for _ in range(3):
            stride = 1 if outputs == inputs else 2
            blocks.append(Residual((side, side), inputs, outputs, stride))
            side, inputs = side // stride, outputs
    return nn.Sequential(conv((32, 32), 3, 12, 3, 2), *blocks, Head((4, 4), 48, 10))


def ds_cnn():
    layers = [conv((49, 10), 1, 64, (10, 4), 2), nn.Dropout(0.2)]
    for _ in range(4):
        layers += [conv((25, 5), 64, 64, 3, groups=64), conv((25, 5), 64, 64, 1)]
    return nn.Sequential(*layers, Head((25, 5), 64, 12, dropout=0.4))


def mobilenet_v1():
    layers, side, inputs = [conv((96, 96), 3, 8, 3, 2)], 48, 8
    for outputs, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)] + 5 * [(128, 1)] + [(256, 2), (256, 1)]:
        layers.append(conv((side, side), inputs, inputs, 3, stride, groups=inputs))
        side //= stride
        layers.append(conv((side, side), inputs, outputs, 1))
        inputs = outputs
    return nn.Sequential(*layers, Head((3, 3), 256, 2))


def autoencoder():
    layers, inputs = [], 640
    for outputs in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.Linear(inputs, 640))


class Inverted(nn.Module):
    """MobileNetV2's block: widened, depthwise, narrowed without ReLU; added where the shape stays."""

    def __init__(self, side, inputs, outputs, stride, factor=4):
        super().__init__()
        inner = inputs * factor
        self.body = nn.Sequential(
            conv((side, side), inputs, inner, 1), conv((side, side), inner, inner, 3, stride, groups=inner),
            conv((side // stride, side // stride), inner, outputs, 1, relu=False))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


def mobilenet_v2():
    layers, side, inputs = [conv((32, 32), 3, 16, 3, 2)], 16, 16
    for outputs, stride in [(16, 1), (24, 2), (24, 1), (40, 2), (40, 1)]:
        layers.append(Inverted(side, inputs, outputs, stride))
        side, inputs = side // stride, outputs
    return nn.Sequential(*layers, conv((side, side), inputs, 128, 1), Head((side, side), 128, 10))


def vgg7():
    layers, side, inputs = [], 32, 3
    for outputs in (24, 48, 96):
        layers += [conv((side, side), inputs, outputs, 3), conv((side, side), outputs, outputs, 3), nn.MaxPool2d(2)]
        side, inputs = side // 2, outputs
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(96 * 16, 10))


class Fire(nn.Module):
    """SqueezeNet's module: squeezed by 1 x 1, widened by 1 x 1 beside 3 x 3."""

    def __init__(self, side, inputs, squeezed, half):
        super().__init__()
        size = (side, side)
        self.squeeze = conv(size, inputs, squeezed, 1)
        self.one, self.three = conv(size, squeezed, half, 1), conv(size, squeezed, half, 3)

    def forward(self, x):
        x = self.squeeze(x)
        return torch.cat([self.one(x), self.three(x)], 1)


def squeezenet():
    return nn.Sequential(
        conv((32, 32), 3, 32, 3, 2), Fire(16, 32, 16, 32), Fire(16, 64, 16, 32), nn.MaxPool2d(2),
        Fire(8, 64, 24, 48), Fire(8, 96, 24, 48), nn.MaxPool2d(2), Fire(4, 96, 32, 64),
        conv((4, 4), 128, 10, 1, norm=False, relu=False), nn.AvgPool2d(4), nn.Flatten())


NETWORKS = {"resnet8": resnet8, "resnet20": resnet20, "dsCnn": ds_cnn, "mobilenetV1": mobilenet_v1,
            "autoencoder": autoencoder, "mobilenetV2": mobilenet_v2, "vgg7": vgg7, "squeezenet": squeezenet}


def main():
    given = json.load(open(sys.argv[1]))
    torch.set_num_threads(1)
    torch.manual_seed(given["seed"])
    height, width, channels = given["shape"]
    items = torch.from_numpy(numpy.fromfile(given["items"], dtype=numpy.uint8)).view(-1, height, width, channels)
    wanted = torch.from_numpy(numpy.fromfile(given["targets"], dtype=numpy.float32)).long()
    is_vector = height == 1 and width == 1

    def inputs(chosen):
        x = (items[chosen].float() - 128 + given["zero"]) * given["scale"]
        return x.reshape(len(chosen), -1) if is_vector else x.permute(0, 3, 1, 2).contiguous()

    model = NETWORKS[given["network"]]()
    if given["network"] == "autoencoder":
        with torch.no_grad():
            model[-1].bias.copy_(inputs(torch.arange(len(items))).mean(0))
    optimiser = torch.optim.Adam(model.parameters(), lr=given["rate"])
    batch, epochs = given["batch"], given["epochs"]
    steps, done, started = epochs * (len(items) // batch), 0, time.process_time()
    model.train()
    for epoch in range(epochs):
        order, total = torch.randperm(len(items)), 0.0
        for at in range(0, len(items) - batch + 1, batch):
            for group in optimiser.param_groups:
                group["lr"] = given["rate"] * min(1, (done + 1) / 50) * 0.5 * (1 + math.cos(math.pi * done / steps))
            chosen = order[at : at + batch]
            x = inputs(chosen)
            out = model(x)
            loss = F.mse_loss(out, x) if given["task"] == "reconstruction" else F.cross_entropy(
                out, wanted[chosen], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total, done = total + loss.item() * batch, done + 1
        print(f"{given['network']} epoch {epoch + 1}/{epochs} loss {total / len(items):.4f} "
              f"{time.process_time() - started:.0f} s", flush=True)
    model.eval()
    torch.onnx.export(model, inputs(torch.arange(2)), given["onnx"], opset_version=13, input_names=["image"],
                      output_names=["out"], dynamic_axes={"image": {0: "batch"}, "out": {0: "batch"}})


main()
