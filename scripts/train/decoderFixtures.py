"""
Exports tiny Llama-style decoders of seeded random values to ONNX, each spelt as models in the field are, for
test/unit/core/lm/onnx (docs/language-models.md):

    /usr/bin/python3 scripts/train/decoderFixtures.py [--out test/fixtures/lm] [--dynamo]

    halves        rotation of halves, keys repeated by expand, mask added, attention_mask and position_ids as inputs, open
                  length, own classifier, grouped heads
    neighbours    rotation of neighbours by stacking, fixed length, tied embedding, softmax over Where
    fused         one matrix for queries, keys and values, one for gate and upper branch, past_key_values, base 500000,
                  epsilon 1e-6, x / sqrt(mean), scores scaled by the roots of both sides
    bias, gelu, layernorm, unmasked, unrotated   what is refused

    tokenizer.json   a byte-pair tokenizer as Llama's, with --tokenizer (needs the package tokenizers)

Needs python3-torch alone; --dynamo uses the newer exporter where PyTorch has one (with onnxscript).
"""
import argparse
import math
import os

import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HIDDEN, HEADS, KV_HEADS, LENGTH = 16, 24, 4, 2, 12
SIZE = WIDTH // HEADS
READ = ("halves", "neighbours", "fused")
REFUSED = ("bias", "gelu", "layernorm", "unmasked", "unrotated")


class RmsNorm(nn.Module):
    def __init__(self, style):
        super().__init__()
        self.weight = nn.Parameter(1 + 0.1 * torch.randn(WIDTH))
        self.style = style

    def forward(self, x):
        if self.style == "fused":
            return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * self.weight
        variance = x.to(torch.float32).pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + 1e-5))


def linear(columns, rows, bias=False):
    layer = nn.Linear(columns, rows, bias=bias)
    nn.init.normal_(layer.weight, std=1 / math.sqrt(columns))
    return layer


def rotate_halves(x, cos, sin):
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), -1)
    return x * cos + turned * sin


def rotate_neighbours(x, cos, sin):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(3)


def repeat_kv(x, times):
    batch, heads, length, size = x.shape
    return x[:, :, None].expand(batch, heads, times, length, size).reshape(batch, heads * times, length, size)


class Attention(nn.Module):
    def __init__(self, style):
        super().__init__()
        self.style = style
        rows = KV_HEADS * SIZE
        if style == "fused":
            self.qkv = linear(WIDTH, WIDTH + 2 * rows)
        else:
            self.q, self.k, self.v = linear(WIDTH, WIDTH, style == "bias"), linear(WIDTH, rows), linear(WIDTH, rows)
        self.o = linear(WIDTH, WIDTH)

    def forward(self, x, cos, sin, mask, past):
        batch, length, _ = x.shape
        if self.style == "fused":
            q, k, v = self.qkv(x).split([WIDTH, KV_HEADS * SIZE, KV_HEADS * SIZE], -1)
        else:
            q, k, v = self.q(x), self.k(x), self.v(x)
        q, k, v = (y.view(batch, length, -1, SIZE).transpose(1, 2) for y in (q, k, v))
        rotate = rotate_neighbours if self.style == "neighbours" else rotate_halves
        if self.style != "unrotated":
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if past is not None:
            k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
        k, v = repeat_kv(k, HEADS // KV_HEADS), repeat_kv(v, HEADS // KV_HEADS)
        if self.style == "fused":
            root = 1 / math.sqrt(math.sqrt(SIZE))
            scores = (q * root) @ (k * root).transpose(2, 3) + mask
        else:
            scores = q @ k.transpose(2, 3) / math.sqrt(SIZE)
        if self.style == "neighbours":
            scores = scores.masked_fill(mask, float("-inf"))
        elif self.style not in ("fused", "unmasked"):
            scores = scores + mask
        mixed = torch.softmax(scores, -1, dtype=torch.float32) @ v
        return self.o(mixed.transpose(1, 2).reshape(batch, length, WIDTH))


class FeedForward(nn.Module):
    def __init__(self, style):
        super().__init__()
        self.style = style
        if style == "fused":
            self.both = linear(WIDTH, 2 * HIDDEN)
        else:
            self.gate, self.up = linear(WIDTH, HIDDEN), linear(WIDTH, HIDDEN)
        self.down = linear(HIDDEN, WIDTH)

    def forward(self, x):
        gate, up = self.both(x).chunk(2, -1) if self.style == "fused" else (self.gate(x), self.up(x))
        return self.down((F.gelu(gate) if self.style == "gelu" else F.silu(gate)) * up)


class Layer(nn.Module):
    def __init__(self, style):
        super().__init__()
        self.first = nn.LayerNorm(WIDTH) if style == "layernorm" else RmsNorm(style)
        self.second = RmsNorm(style)
        self.attention, self.forward_block = Attention(style), FeedForward(style)

    def forward(self, x, cos, sin, mask, past):
        x = x + self.attention(self.first(x), cos, sin, mask, past)
        return x + self.forward_block(self.second(x))


class Decoder(nn.Module):
    def __init__(self, style):
        super().__init__()
        self.style = style
        self.vocabulary = 270 if style == "halves" else 40
        self.embedding = nn.Embedding(self.vocabulary, WIDTH)
        self.layers = nn.ModuleList(Layer(style) for _ in range(2 if style in READ else 1))
        self.norm = RmsNorm(style)
        self.head = None if style == "neighbours" else linear(WIDTH, self.vocabulary)
        base = 500000.0 if style == "fused" else 10000.0
        self.register_buffer("inverse", 1.0 / base ** (torch.arange(0, SIZE, 2).float() / SIZE), persistent=False)

    def forward(self, input_ids, attention_mask=None, position_ids=None, *past):
        length = input_ids.shape[1]
        if position_ids is None:
            position_ids = torch.arange(length, device=input_ids.device)[None]
        angles = position_ids[:, :, None].float() * self.inverse[None, None, :]
        if self.style != "neighbours":
            angles = torch.cat((angles, angles), -1)
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        if self.style != "neighbours":
            mask = torch.zeros(length, length).masked_fill(mask, torch.finfo(torch.float32).min)[None, None]
        if attention_mask is not None:
            mask = mask + (1.0 - attention_mask[:, None, None, -length:].float()) * -1e9
        x = self.embedding(input_ids)
        for index, layer in enumerate(self.layers):
            x = layer(x, cos, sin, mask, past[2 * index:2 * index + 2] if past else None)
        x = self.norm(x)
        return self.head(x) if self.head is not None else x @ self.embedding.weight.t()


def export(style, folder, dynamo):
    torch.manual_seed(17)
    model = Decoder(style).eval()
    tokens = torch.randint(0, model.vocabulary, (1, LENGTH))
    inputs, names, axes = [tokens], ["input_ids"], {"input_ids": {1: "sequence"}, "logits": {1: "sequence"}}
    if style in ("halves", "fused"):
        inputs += [torch.ones(1, LENGTH, dtype=torch.int64), torch.arange(LENGTH)[None]]
        names += ["attention_mask", "position_ids"]
        axes.update({"attention_mask": {1: "total"}, "position_ids": {1: "sequence"}})
    if style == "fused":
        for layer in range(len(model.layers)):
            for kind in ("key", "value"):
                inputs.append(torch.zeros(1, KV_HEADS, 0, SIZE))
                names.append(f"past_key_values.{layer}.{kind}")
                axes[names[-1]] = {0: "batch", 2: "past"}
        axes["input_ids"][0] = "batch"
    if style == "neighbours":
        axes = None
    more = {"dynamo": True} if dynamo else {}
    if dynamo and style == "fused":
        # The newer exporter opens no axis that is empty.
        axes = None
    path = os.path.join(folder, f"{style}.onnx")
    torch.onnx.export(model, tuple(inputs), path, input_names=names, output_names=["logits"], dynamic_axes=axes,
                      opset_version=18 if dynamo else 14, **more)
    print(path, os.path.getsize(path))


def tokenizer(folder):
    """Trains on the shipped calibration texts; bytes are plain pieces and only the markers are special, as Llama's."""
    import json
    from tokenizers import Tokenizer, models, normalizers, trainers
    with open("resources/lm/glosses-260k-calibration.txt", encoding="utf8") as lines:
        words = [word for line in lines for word in line.strip().split(" ")]
    made = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    made.train_from_iterator(words, trainers.BpeTrainer(vocab_size=420, special_tokens=pieces, limit_alphabet=60))
    found = json.loads(made.to_str())
    found["added_tokens"] = [token for token in found["added_tokens"] if token["id"] < 3]
    with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf8") as out:
        json.dump(found, out)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", default="test/fixtures/lm")
    arguments.add_argument("--dynamo", action="store_true")
    arguments.add_argument("--tokenizer", action="store_true")
    p = arguments.parse_args()
    os.makedirs(p.out, exist_ok=True)
    if p.tokenizer:
        return tokenizer(p.out)
    for style in READ + REFUSED:
        export(style, p.out, p.dynamo)


if __name__ == "__main__":
    main()
