"""
Trains the two networks that `bitbench workload run --example` runs, on glosses of WordNet 3.0, and writes them with
their test sets to resources/workloads:

    /usr/bin/python3 scripts/train/workloadNetworks.py [--out FOLDER] [--seed 7] [--only classifier|language]

Needs the Debian packages python3-torch and wordnet-base. The test glosses are kept apart before anything is counted or
trained; the calibration glosses come from the training part.
"""
import argparse
import collections
import json
import math
import os
import random
import re
import shutil
import time

import torch
from torch import nn
from torch.nn import functional as F

WORDNET = "/usr/share/wordnet"
LICENCE = "/usr/share/doc/wordnet-base/copyright"
CLASSES = {4: "act", 5: "animal", 6: "artifact", 15: "location", 18: "person", 20: "plant"}
LENGTH = 24
PAD, START, UNKNOWN = 0, 1, 2
TEST, CALIBRATION = 600, 32
LANGUAGE_TEST = 128


def glosses():
    """(class, words) of every noun of the chosen classes; the definition alone, without its examples."""
    rows = []
    with open(os.path.join(WORDNET, "data.noun"), encoding="utf8") as lines:
        for line in lines:
            if line.startswith("  "):
                continue
            head, gloss = line.split("|", 1)
            kind = int(head.split()[1])
            words = re.findall(r"[a-z]+|[,;()]", gloss.split(";")[0].strip().lower())
            if kind in CLASSES and 3 <= len(words) <= LENGTH - 1:
                rows.append((kind, words))
    return rows


def vocabulary(rows, size):
    counts = collections.Counter(word for _, words in rows for word in words)
    words = sorted(counts, key=lambda word: (-counts[word], word))[: size - 3]
    return {word: index + 3 for index, word in enumerate(words)}


def encode(words, known):
    ids = [START] + [known.get(word, UNKNOWN) for word in words]
    return ids + [PAD] * (LENGTH - len(ids))


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.q_lin, self.k_lin, self.v_lin, self.out_lin = (nn.Linear(width, width) for _ in range(4))
        self.core = Core(width, heads)

    def forward(self, x, mask):
        return self.out_lin(self.core(self.q_lin(x), self.k_lin(x), self.v_lin(x), mask))


class Core(nn.Module):
    """Scores, softmax and the weighted sum: the part of attention without weights."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.size = heads, width // heads

    def forward(self, q, k, v, mask):
        q, k, v = (t.view(-1, LENGTH, self.heads, self.size).transpose(1, 2) for t in (q, k, v))
        scores = q @ k.transpose(2, 3) / math.sqrt(self.size) + mask
        return (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(-1, LENGTH, self.heads * self.size)


class FeedForward(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.lin1, self.lin2, self.activation = nn.Linear(width, inner), nn.Linear(inner, width), nn.GELU()

    def forward(self, x):
        return self.lin2(self.activation(self.lin1(x)))


class Mask(nn.Module):
    """Padding gets a score of -10000; a causal network may not look ahead either."""

    def __init__(self, causal):
        super().__init__()
        ahead = torch.triu(torch.full((LENGTH, LENGTH), -10000.0), diagonal=1)
        self.register_buffer("ahead", ahead if causal else torch.zeros(LENGTH, LENGTH))

    def forward(self, ids):
        return (ids == PAD).to(torch.float32).view(-1, 1, 1, LENGTH) * -10000.0 + self.ahead


class Embeddings(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.word, self.position = nn.Embedding(words, width), nn.Parameter(torch.randn(LENGTH, width) * 0.02)
        nn.init.normal_(self.word.weight, std=0.05)

    def forward(self, ids):
        return self.word(ids) + self.position


class EncoderBlock(nn.Module):
    """As in DistilBERT: normalisation after each residual."""

    def __init__(self, width, heads, inner):
        super().__init__()
        self.attention, self.ffn = Attention(width, heads, False), FeedForward(width, inner)
        self.sa_layer_norm, self.output_layer_norm = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x, mask):
        x = self.sa_layer_norm(x + self.attention(x, mask))
        return self.output_layer_norm(x + self.ffn(x))


class DecoderBlock(nn.Module):
    """As in GPT-2: normalisation before attention and feed-forward."""

    def __init__(self, width, heads, inner):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width, heads, True)
        self.ln_2, self.mlp = nn.LayerNorm(width), FeedForward(width, inner)

    def forward(self, x, mask):
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))


class Classifier(nn.Module):
    def __init__(self, words, width, heads, inner, layers, classes):
        super().__init__()
        self.embeddings, self.LayerNorm, self.mask = Embeddings(words, width), nn.LayerNorm(width), Mask(False)
        self.layer = nn.ModuleList(EncoderBlock(width, heads, inner) for _ in range(layers))
        self.pre_classifier, self.classifier = nn.Linear(width, width), nn.Linear(width, classes)
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids):
        x, mask = self.dropout(self.LayerNorm(self.embeddings(ids))), self.mask(ids)
        for block in self.layer:
            x = block(x, mask)
        return self.classifier(self.dropout(F.relu(self.pre_classifier(x[:, 0]))))


class Head(nn.Module):
    """Shares the embedding's weights."""

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        return x @ self.weight.t()


class Language(nn.Module):
    def __init__(self, words, width, heads, inner, layers):
        super().__init__()
        self.wte, self.mask = Embeddings(words, width), Mask(True)
        self.h = nn.ModuleList(DecoderBlock(width, heads, inner) for _ in range(layers))
        self.ln_f, self.lm_head = nn.LayerNorm(width), Head(self.wte.word.weight)
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids):
        x, mask = self.dropout(self.wte(ids)), self.mask(ids)
        for block in self.h:
            x = block(x, mask)
        return self.lm_head(self.ln_f(x))


def train(model, ids, loss_of, epochs, batch, rate):
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    steps, done = epochs * (len(ids) // batch), 0
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(ids))
        for at in range(0, len(ids) - batch + 1, batch):
            for group in optimiser.param_groups:
                group["lr"] = rate * min(1, done / 100) * 0.5 * (1 + math.cos(math.pi * done / steps))
            chosen = order[at : at + batch]
            optimiser.zero_grad()
            loss = loss_of(model, chosen)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            done += 1
    model.eval()


def save(out, name, model, test, calibration, card):
    example = torch.tensor([row["inputs"]["ids"] for row in test[:2]])
    torch.onnx.export(
        model, example, os.path.join(out, name + ".onnx"), opset_version=17, do_constant_folding=False,
        input_names=["ids"], output_names=["logits"], dynamic_axes={"ids": {0: "batch"}, "logits": {0: "batch"}})
    with open(os.path.join(out, name + ".jsonl"), "w", encoding="utf8") as lines:
        for part, rows in (("test", test), ("calibration", calibration)):
            for row in rows:
                lines.write(json.dumps({"part": part, **row}, separators=(",", ":")) + "\n")
    with open(os.path.join(out, name + ".json"), "w", encoding="utf8") as file:
        json.dump({"name": name, "file": name + ".onnx", "dataset": name + ".jsonl",
                   "source": "glosses of WordNet 3.0 (Debian wordnet-base)", "recipe": "scripts/train/workloadNetworks.py",
                   **card}, file, indent=2)
        file.write("\n")


def classifier(rows, out, seed):
    by_class = {kind: [row for row in rows if row[0] == kind] for kind in CLASSES}
    per_test = TEST // len(CLASSES)
    test = [row for kind in CLASSES for row in by_class[kind][:per_test]]
    rest = [row for kind in CLASSES for row in by_class[kind][per_test:3500]]
    random.shuffle(test)
    known, labels = vocabulary(rest, 1500), {kind: index for index, kind in enumerate(CLASSES)}
    ids = torch.tensor([encode(words, known) for _, words in rest])
    wanted = torch.tensor([labels[kind] for kind, _ in rest])
    model = Classifier(1500, 64, 4, 128, 2, len(CLASSES))
    started = time.process_time()
    train(model, ids, lambda m, c: F.cross_entropy(m(ids[c]), wanted[c]), 4, 128, 3e-3)
    seconds = time.process_time() - started
    line = lambda row: {"inputs": {"ids": encode(row[1], known)}, "label": labels[row[0]]}
    lines = [line(row) for row in test]
    with torch.no_grad():
        logits = model(torch.tensor([row["inputs"]["ids"] for row in lines]))
    right = (logits.argmax(1) == torch.tensor([row["label"] for row in lines])).float().mean().item()
    save(out, "gloss-classifier", model, lines, [line(row) for row in random.sample(rest, CALIBRATION)], {
        "task": "accuracy", "batch": 8, "title": "DistilBERT-type classifier of WordNet glosses, 2 layers",
        "classes": list(CLASSES.values()), "parameters": sum(p.numel() for p in model.parameters()), "seed": seed,
        "notes": [f"words: the 1497 most frequent of the training part; {LENGTH} tokens, the first is a start mark"],
        "training": {"rows": len(rest), "epochs": 4, "cpuSeconds": round(seconds, 1)},
        "test": {"rows": len(lines), "accuracy": round(right, 4)}})
    print(f"classifier: {right:.4f} on {len(lines)} held-out glosses, {seconds:.0f} s CPU")


def language(rows, out, seed):
    rows = [row for row in rows if len(row[1]) >= 8]
    random.shuffle(rows)
    test, rest = rows[:LANGUAGE_TEST], rows[LANGUAGE_TEST:20000]
    known = vocabulary(rest, 800)
    ids = torch.tensor([encode(words, known) for _, words in rest])
    model = Language(800, 64, 4, 256, 2)

    def targets(batch):
        after = torch.cat([batch[:, 1:], torch.zeros_like(batch[:, :1])], 1)
        # Neither padding nor a word outside the vocabulary is something to be predicted.
        return torch.where((after == PAD) | (after == UNKNOWN), torch.tensor(-1), after)

    def loss_of(m, chosen):
        return F.cross_entropy(m(ids[chosen]).reshape(-1, 800), targets(ids[chosen]).reshape(-1), ignore_index=-1)

    started = time.process_time()
    train(model, ids, loss_of, 2, 64, 2e-3)
    seconds = time.process_time() - started

    def line(row):
        encoded = encode(row[1], known)
        return {"inputs": {"ids": encoded}, "labels": targets(torch.tensor([encoded]))[0].tolist()}

    lines = [line(row) for row in test]
    with torch.no_grad():
        logits = model(torch.tensor([row["inputs"]["ids"] for row in lines]))
    wanted = torch.tensor([row["labels"] for row in lines])
    loss = F.cross_entropy(logits.reshape(-1, 800), wanted.reshape(-1), ignore_index=-1).item()
    save(out, "gloss-language", model, lines, [line(row) for row in random.sample(rest, CALIBRATION)], {
        "task": "perplexity", "batch": 8, "title": "GPT-2-type language model of WordNet glosses, 2 layers, tied head",
        "parameters": sum(p.numel() for p in model.parameters()), "seed": seed,
        "notes": ["tokens: the 797 most frequent words of the training part; others count as unknown and are not scored",
                  f"window {LENGTH} tokens, each gloss alone (no stride)"],
        "training": {"rows": len(rest), "epochs": 2, "cpuSeconds": round(seconds, 1)},
        "test": {"rows": len(lines), "tokens": int((wanted >= 0).sum()), "perplexity": round(math.exp(loss), 3)}})
    print(f"language model: perplexity {math.exp(loss):.2f} on {len(lines)} held-out glosses, {seconds:.0f} s CPU")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", default="resources/workloads")
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--only", choices=["classifier", "language"])
    given = arguments.parse_args()
    os.makedirs(given.out, exist_ok=True)
    torch.set_num_threads(1)
    for name, build in (("classifier", classifier), ("language", language)):
        if given.only in (None, name):
            random.seed(given.seed)
            torch.manual_seed(given.seed)
            rows = glosses()
            random.shuffle(rows)
            build(rows, given.out, given.seed)
    shutil.copyfile(LICENCE, os.path.join(given.out, "WORDNET-LICENCE.txt"))


main()
