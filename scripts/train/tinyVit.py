"""
Trains the tiny vision transformer of resources/encoders on Fashion-MNIST and writes it with its model card:

    /usr/bin/python3 scripts/train/tinyVit.py [--out resources/encoders] [--epochs 4] [--seed 7]

Needs the Debian packages python3-torch and dataset-fashion-mnist. Patches of 7 x 7 pixels, 16 tokens of 48 values, two layers in
the order of DistilBERT and ViT alike (four heads, GELU), a mean over the tokens. The 1,500 images of the split "search" of
resources/models/fashion-subset.bin.gz, on which schemes are chosen, are left out of training.
"""
import argparse
import gzip
import json
import math
import os
import struct
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

FASHION = "/usr/share/datasets/fashion-mnist"
WIDTH, HEADS, LAYERS, HIDDEN, PATCH, TOKENS = 48, 4, 2, 96, 7, 16


class Block(nn.Module):
    """Norm in front of attention and of the feed-forward part."""

    def __init__(self):
        super().__init__()
        self.attention_norm, self.hidden_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def forward(self, x):
        y = self.attention_norm(x)
        heads = lambda t: t.view(-1, TOKENS, HEADS, WIDTH // HEADS).transpose(1, 2)
        q, k, v = heads(self.query(y)), heads(self.key(y)), heads(self.value(y))
        mixed = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(WIDTH // HEADS), dim=-1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(-1, TOKENS, WIDTH))
        return x + self.down(F.gelu(self.up(self.hidden_norm(x))))


class TinyVit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(1, WIDTH, PATCH, PATCH)
        self.position = nn.Parameter(torch.randn(1, TOKENS, WIDTH) * 0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2) + self.position
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


def idx(name):
    with gzip.open(os.path.join(FASHION, name)) as file:
        data = file.read()
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def search_images(path):
    """The images of the split "search" (format: resources/models/README.md), as bytes."""
    data = gzip.open(path).read()
    _, height, width, channels, splits = struct.unpack_from("<5H", data, 4)
    size, at, counts = height * width * channels, 14 + 20 * splits, {}
    for split in range(splits):
        name, count = struct.unpack_from("<16sI", data, 14 + 20 * split)
        counts[name.rstrip(b"\0").decode()] = count
    found = set()
    for name, count in counts.items():
        images = at + count
        if name == "search":
            found = {data[images + i * size : images + (i + 1) * size] for i in range(count)}
        at = images + count * size
    return found


def tensors(images):
    return torch.from_numpy(images.astype(numpy.float32) / 255).unsqueeze(1)


def batches(x, y, size, generator):
    """Shifted by at most a pixel and mirrored by chance."""
    for part in torch.randperm(len(x), generator=generator).split(size):
        image = F.pad(x[part], (1, 1, 1, 1))
        dy, dx, mirror = torch.randint(0, 3, (2,), generator=generator).tolist() + [
            bool(torch.randint(0, 2, (1,), generator=generator))
        ]
        image = image[:, :, dy : dy + 28, dx : dx + 28]
        yield (image.flip(3) if mirror else image), y[part]


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return sum(int((model(a).argmax(1) == b).sum()) for a, b in zip(x.split(500), y.split(500))) / len(y)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default="resources/encoders")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    p = parser.parse_args()
    torch.manual_seed(p.seed)
    torch.set_num_threads(1)
    held_out = search_images("resources/models/fashion-subset.bin.gz")
    images, labels = idx("train-images-idx3-ubyte.gz"), idx("train-labels-idx1-ubyte.gz")
    kept = numpy.array([image.tobytes() not in held_out for image in images])
    x, y = tensors(images[kept]), torch.from_numpy(labels[kept].astype(numpy.int64))
    model, generator = TinyVit(), torch.Generator().manual_seed(p.seed)
    batch, rate = 128, 0.002
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.02)
    steps = p.epochs * math.ceil(len(x) / batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    began = time.process_time()
    for epoch in range(p.epochs):
        model.train()
        total = 0.0
        for image, label in batches(x, y, batch, generator):
            loss = F.cross_entropy(model(image), label, label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss) * len(label)
        print(f"epoch {epoch + 1}: loss {total / len(x):.4f}, {time.process_time() - began:.0f} s", flush=True)
    test = tensors(idx("t10k-images-idx3-ubyte.gz")), torch.from_numpy(idx("t10k-labels-idx1-ubyte.gz").astype(numpy.int64))
    reached = accuracy(model, *test)
    name = os.path.join(p.out, "vit-tiny-fashion")
    torch.onnx.export(model, torch.zeros(2, 1, 28, 28), name + ".onnx", opset_version=17, input_names=["image"],
                      output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})
    card = {
        "name": "vit-tiny-fashion",
        "dataset": "Fashion-MNIST",
        "testAccuracy": round(reached, 4),
        "testImages": len(test[1]),
        "seed": p.seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "recipe": f"scripts/train/tinyVit.py: {p.epochs} epochs, batch {batch}, AdamW, one cycle to {rate}, weight decay 0.02, "
                  f"label smoothing 0.05, shift ±1 and mirror; {len(x)} training images (search split held out)",
        "cpuSeconds": round(time.process_time() - began, 1),
        "licence": "MIT",
    }
    with open(name + ".json", "w", encoding="utf8") as file:
        json.dump(card, file, indent=2, ensure_ascii=False)
        file.write("\n")
    print(card)


main()
