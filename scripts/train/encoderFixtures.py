"""
Exports tiny encoders of seeded random values to ONNX, with the attention mask as an input spelt as models in the field spell it,
for test/integration/main/model/encoderMasks.test.ts (docs/encoders.md):

    /usr/bin/python3 scripts/train/encoderFixtures.py [--out test/fixtures/encoders] [--dynamo]

    filled     DistilBERT: scores.masked_fill(mask == 0, lowest), the first token's values classified
    added      BERT: (1 - mask) * lowest added to the scores, token_type_ids as a third input, a pooler with tanh
    chosen     torch.where on a mask of booleans, the mean of the tokens that the mask leaves classified

Needs python3-torch alone; --dynamo uses the newer exporter where PyTorch has one (with onnxscript).
"""
import argparse
import math
import os

import torch
from torch import nn
from torch.nn import functional as F

WORDS, LENGTH, WIDTH, HIDDEN, HEADS, CLASSES = 400, 10, 16, 32, 2, 3
SIZE = WIDTH // HEADS
STYLES = ("filled", "added", "chosen")


class Block(nn.Module):
    def __init__(self, style):
        super().__init__()
        self.style = style
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.first, self.second = nn.LayerNorm(WIDTH, eps=1e-12), nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x, mask):
        batch, length, _ = x.shape
        q, k, v = (layer(x).view(batch, length, HEADS, SIZE).transpose(1, 2) for layer in (self.q, self.k, self.v))
        lowest = torch.finfo(x.dtype).min
        if self.style == "filled":
            scores = torch.matmul(q / math.sqrt(SIZE), k.transpose(2, 3))
            hidden = (mask == 0).view(batch, 1, 1, length).expand_as(scores)
            scores = scores.masked_fill(hidden, torch.tensor(lowest))
        elif self.style == "added":
            scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(SIZE)
            scores = scores + (1.0 - mask[:, None, None, :].to(x.dtype)) * lowest
        else:
            scores = torch.matmul(q, k.transpose(-1, -2)) * SIZE ** -0.5
            scores = torch.where(mask[:, None, None, :].bool(), scores, torch.tensor(lowest))
        context = torch.matmul(F.softmax(scores, -1), v).transpose(1, 2).contiguous().view(batch, length, WIDTH)
        x = self.first(self.o(context) + x)
        return self.second(self.down(F.gelu(self.up(x))) + x)


class Encoder(nn.Module):
    def __init__(self, style):
        super().__init__()
        self.style = style
        self.words, self.places, self.kinds = nn.Embedding(WORDS, WIDTH), nn.Embedding(LENGTH, WIDTH), nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.blocks = nn.ModuleList(Block(style) for _ in range(2))
        self.pooler, self.classifier = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, CLASSES)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=1 / math.sqrt(weight.shape[1]))

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        places = torch.arange(input_ids.shape[1])[None]
        x = self.words(input_ids) + self.places(places)
        if token_type_ids is not None:
            x = x + self.kinds(token_type_ids)
        x = self.norm(x)
        for block in self.blocks:
            x = block(x, attention_mask)
        if self.style == "filled":
            return self.classifier(torch.relu(self.pooler(x[:, 0])))
        if self.style == "added":
            return self.classifier(torch.tanh(self.pooler(x[:, 0])))
        weights = attention_mask[:, :, None].to(x.dtype)
        return self.classifier((x * weights).sum(1) / weights.sum(1).clamp(min=1e-9))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", default="test/fixtures/encoders")
    arguments.add_argument("--dynamo", action="store_true")
    p = arguments.parse_args()
    os.makedirs(p.out, exist_ok=True)
    for style in STYLES:
        torch.manual_seed(5)
        model = Encoder(style).eval()
        names = ["input_ids", "attention_mask", "token_type_ids"][: 3 if style == "added" else 2]
        inputs = tuple(torch.ones(1, LENGTH, dtype=torch.long) for _ in names)
        path = os.path.join(p.out, f"{style}.onnx")
        batch = {name: {0: "batch"} for name in names} if style == "added" else None
        more = {"dynamo": True} if p.dynamo else {}
        torch.onnx.export(model, inputs, path, input_names=names, output_names=["logits"], opset_version=18 if p.dynamo else 14,
                          dynamic_axes=batch, do_constant_folding=True, **more)
        print(path, os.path.getsize(path))


if __name__ == "__main__":
    main()
