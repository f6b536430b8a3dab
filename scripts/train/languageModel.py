"""
Trains the small Llama-style language model of resources/lm on the glosses of WordNet 3.0 and writes, in the formats of
llama2.c (docs/language-models.md):

    /usr/bin/python3 scripts/train/languageModel.py [--out FOLDER] [--steps 550] [--seed 17] [--text FILE] [--dim 64 ...]

    NAME.bin         checkpoint: seven int32, then float32 tensors
    NAME.tok         tokenizer of 512 pieces: three markers, 256 bytes, characters and merges
    NAME.json        model card: recipe, sizes, loss and perplexity on the held-out documents
    NAME-heldout.txt, NAME-calibration.txt   one document a line; held-out ones were never counted or trained on

Needs the Debian packages python3-torch and wordnet-base; --text trains on a file of one document a line instead.
"""
import argparse
import collections
import hashlib
import json
import math
import os
import random
import struct
import time

import torch
from torch import nn
from torch.nn import functional as F

WORDNET = "/usr/share/wordnet"
UNKNOWN, BEGIN, END, BYTES = 0, 1, 2, 3
# 973,184 parameters; 0.2 s a step on one core of an AMD EPYC.
ONE_MILLION = {"name": "glosses-1m", "dim": 128, "hidden": 344, "batch": 4, "steps": 2000, "rate": 3e-3}
FIRST_PIECE = BYTES + 256


def glosses():
    """'word: definition' of every synset, without the examples."""
    for kind in ("noun", "verb", "adj", "adv"):
        with open(os.path.join(WORDNET, f"data.{kind}"), encoding="utf8") as lines:
            for line in lines:
                if line.startswith("  "):
                    continue
                head, gloss = line.split("|", 1)
                word = head.split()[4].split("(")[0].replace("_", " ")
                meaning = gloss.strip().split('; "')[0].strip()
                if meaning and not meaning.startswith('"'):
                    yield f"{word}: {meaning}"


def split(documents):
    """One document in fifty is held out by the hash of its text; none that repeats the definition of a trained one."""
    def held(text):
        return hashlib.sha256(text.encode()).digest()[0] % 50 == 0
    training = [text for text in documents if not held(text)]
    known = {text.split(": ", 1)[-1] for text in training}
    return training, [text for text in documents if held(text) and text.split(": ", 1)[-1] not in known]


def words_of(text):
    """The pieces that merges never cross: each word with the space before it."""
    return [" " + word for word in text.split(" ")]


def learn_pieces(documents, size):
    """Characters seen often, then the merges of byte-pair encoding, in order."""
    counts = collections.Counter(word for text in documents for word in words_of(text))
    characters = collections.Counter()
    for word, count in counts.items():
        for character in word:
            characters[character] += count
    total = sum(characters.values())
    kept = sorted(c for c, count in characters.items() if count >= total / 20000)
    pieces = list(kept)
    words = [([c for c in word], count) for word, count in counts.items() if all(c in characters for c in word)]
    while len(pieces) < size - FIRST_PIECE:
        pairs = collections.Counter()
        for parts, count in words:
            for pair in zip(parts, parts[1:]):
                pairs[pair] += count
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        joined = "".join(best)
        if joined not in pieces:
            pieces.append(joined)
        for parts, _ in words:
            at = 0
            while at < len(parts) - 1:
                if (parts[at], parts[at + 1]) == best:
                    parts[at:at + 2] = [joined]
                at += 1
    return pieces


class Tokenizer:
    def __init__(self, pieces):
        self.ids = {piece: FIRST_PIECE + index for index, piece in enumerate(pieces)}
        self.texts = {index: piece for piece, index in self.ids.items()}
        self.known = {}

    def word(self, word):
        if word in self.known:
            return self.known[word]
        parts = []
        for character in word:
            parts += [self.ids[character]] if character in self.ids else [BYTES + b for b in character.encode()]
        texts = self.texts
        while True:
            best, place = None, -1
            for at in range(len(parts) - 1):
                joined = self.ids.get(texts.get(parts[at], "\0") + texts.get(parts[at + 1], "\0"))
                if joined is not None and (best is None or joined < best):
                    best, place = joined, at
            if best is None:
                break
            parts[place:place + 2] = [best]
        self.known[word] = parts
        return parts

    def encode(self, text):
        return [BEGIN] + [token for word in words_of(text) for token in self.word(word)]


def rope(x, cos, sin):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


class Block(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.heads, self.kv_heads, self.size = p.heads, p.kv_heads, p.dim // p.heads
        def linear(width, out):
            return nn.Linear(width, out, bias=False)
        kv = self.kv_heads * self.size
        self.wq, self.wk, self.wv, self.wo = (linear(p.dim, n) for n in (p.dim, kv, kv, p.dim))
        self.w1, self.w2, self.w3 = linear(p.dim, p.hidden), linear(p.hidden, p.dim), linear(p.dim, p.hidden)
        self.att_norm, self.ffn_norm = Norm(p.dim), Norm(p.dim)

    def forward(self, x, cos, sin, mask):
        batch, length, width = x.shape
        y = self.att_norm(x)
        q, k, v = (w(y).view(batch, length, -1, self.size).transpose(1, 2) for w in (self.wq, self.wk, self.wv))
        q, k = rope(q, cos, sin), rope(k, cos, sin)
        repeat = self.heads // self.kv_heads
        k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        scores = q @ k.transpose(2, 3) / math.sqrt(self.size) + mask
        x = x + self.wo((torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(batch, length, width))
        y = self.ffn_norm(x)
        return x + self.w2(F.silu(self.w1(y)) * self.w3(y))


class Decoder(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.embedding = nn.Embedding(p.vocabulary, p.dim)
        self.blocks = nn.ModuleList(Block(p) for _ in range(p.layers))
        self.norm = Norm(p.dim)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                deep = name.endswith(("wo.weight", "w2.weight"))
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * p.layers) if deep else 0.02)
        size = p.dim // p.heads
        frequencies = 1.0 / 10000.0 ** (torch.arange(0, size, 2).float() / size)
        angles = torch.outer(torch.arange(p.length).float(), frequencies)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        self.register_buffer("mask", torch.triu(torch.full((p.length, p.length), float("-inf")), 1))

    def forward(self, ids):
        length = ids.shape[1]
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, self.cos[:length], self.sin[:length], self.mask[:length, :length])
        return self.norm(x) @ self.embedding.weight.t()


def write_checkpoint(model, p, path):
    blocks, vectors = model.blocks, []
    vectors.append(model.embedding.weight)
    for pick in (lambda b: b.att_norm.weight, lambda b: b.wq.weight, lambda b: b.wk.weight, lambda b: b.wv.weight,
                 lambda b: b.wo.weight, lambda b: b.ffn_norm.weight, lambda b: b.w1.weight, lambda b: b.w2.weight,
                 lambda b: b.w3.weight):
        vectors += [pick(block) for block in blocks]
    vectors += [model.norm.weight, model.cos, model.sin]
    with open(path, "wb") as out:
        out.write(struct.pack("<7i", p.dim, p.hidden, p.layers, p.heads, p.kv_heads, p.vocabulary, p.length))
        for vector in vectors:
            out.write(vector.detach().float().contiguous().numpy().tobytes())


def write_tokenizer(pieces, path):
    entries = [(0.0, b"<unk>"), (0.0, b"\n<s>\n"), (0.0, b"\n</s>\n")]
    entries += [(0.0, b"<0x%02X>" % byte) for byte in range(256)]
    entries += [(-float(index), piece.encode()) for index, piece in enumerate(pieces)]
    with open(path, "wb") as out:
        out.write(struct.pack("<i", max(len(text) for _, text in entries)))
        for score, text in entries:
            out.write(struct.pack("<fi", score, len(text)) + text)


def held_out_loss(model, documents, tokenizer):
    """Mean loss per token and per byte; every document by itself behind the begin marker."""
    model.eval()
    loss = tokens = size = 0
    with torch.no_grad():
        for text in documents:
            ids = torch.tensor(tokenizer.encode(text)[: model.cos.shape[0] + 1])[None]
            loss += F.cross_entropy(model(ids[:, :-1])[0], ids[0, 1:], reduction="sum").item()
            tokens += ids.shape[1] - 1
            size += len(text.encode())
    model.train()
    return loss / tokens, loss / size / math.log(2), tokens


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = arguments.add_argument
    add("--out", default="resources/lm")
    add("--name", default="glosses-260k")
    add("--text", help="a file of one document a line instead of WordNet")
    for name, value in (("dim", 64), ("hidden", 172), ("layers", 5), ("heads", 8), ("kv-heads", 4), ("vocabulary", 512),
                        ("length", 256), ("steps", 550), ("batch", 8), ("seed", 17)):
        add(f"--{name}", type=int, default=value)
    add("--rate", type=float, default=4e-3)
    add("--preset", choices=["260k", "1m"], default="260k", help="sizes and recipe; options that are named win")
    p = arguments.parse_args()
    if p.preset == "1m":
        arguments.set_defaults(**ONE_MILLION)
        p = arguments.parse_args()
    random.seed(p.seed)
    torch.manual_seed(p.seed)
    started = time.time()
    if p.text:
        with open(p.text, encoding="utf8") as lines:
            documents = [line.strip() for line in lines if line.strip()]
    else:
        documents = list(glosses())
    training, held = split(documents)
    random.shuffle(training)
    random.shuffle(held)
    pieces = learn_pieces(training[:10000], p.vocabulary)
    tokenizer = Tokenizer(pieces)
    encoded = [tokenizer.encode(text) for text in training]
    print(f"{len(training)} documents, {sum(map(len, encoded))} tokens, {time.time() - started:.0f} s", flush=True)
    os.makedirs(p.out, exist_ok=True)
    base = os.path.join(p.out, p.name)
    write_tokenizer(pieces, base + ".tok")
    for name, texts in (("heldout", held[:600]), ("calibration", training[:64])):
        with open(f"{base}-{name}.txt", "w", encoding="utf8") as out:
            out.write("".join(text + "\n" for text in texts))
    model = Decoder(p)
    matrices = [w for w in model.parameters() if w.dim() == 2]
    others = [w for w in model.parameters() if w.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}], lr=p.rate, betas=(0.9, 0.95))
    stream, place = [], 0
    for step in range(p.steps):
        rate = p.rate * min(1, (step + 1) / 100) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / p.steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        need = p.batch * p.length + 1
        while len(stream) < need:
            if place == len(encoded):
                random.shuffle(encoded)
                place = 0
            stream += encoded[place]
            place += 1
        ids = torch.tensor(stream[:need])
        stream = stream[need - 1:]
        logits = model(ids[:-1].view(p.batch, p.length))
        loss = F.cross_entropy(logits.flatten(0, 1), ids[1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0 or step == p.steps - 1:
            print(f"step {step} loss {loss.item():.3f} {time.time() - started:.0f} s, {time.process_time():.0f} s of the processor", flush=True)
    nats, bits, tokens = held_out_loss(model, held[:600], tokenizer)
    write_checkpoint(model, p, base + ".bin")
    card = {
        "name": p.name,
        "architecture": "Llama decoder: RMSNorm, RoPE, grouped-query attention, SwiGLU, tied embeddings",
        "dim": p.dim, "hiddenDim": p.hidden, "layers": p.layers, "heads": p.heads, "kvHeads": p.kv_heads,
        "vocabulary": p.vocabulary, "sequenceLength": p.length,
        "parameters": sum(w.numel() for w in model.parameters()),
        "text": p.text and os.path.basename(p.text) or
                "Glosses of WordNet 3.0 (Debian package wordnet-base), 'word: definition' (resources/workloads/WORDNET-LICENCE.txt)",
        "trainingDocuments": len(training), "heldOutDocuments": min(600, len(held)), "heldOutTokens": tokens,
        "heldOutNatsPerToken": round(nats, 4), "heldOutPerplexity": round(math.exp(nats), 3),
        "heldOutBitsPerByte": round(bits, 4),
        "recipe": f"AdamW, rate {p.rate} with warm-up of 100 steps and cosine decay, weight decay 0.1, batch {p.batch} x {p.length} "
                  f"tokens, {p.steps} steps, seed {p.seed}, PyTorch {torch.__version__}",
        "processorMinutes": round(time.process_time() / 60, 1),
        "command": f"/usr/bin/python3 scripts/train/languageModel.py --preset {p.preset}",
    }
    with open(base + ".json", "w", encoding="utf8") as out:
        json.dump(card, out, indent=2)
        out.write("\n")
    print(json.dumps(card, indent=2))


if __name__ == "__main__":
    main()
