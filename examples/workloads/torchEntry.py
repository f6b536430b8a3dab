"""A network of one's own for `bitbench workload run --runner torch --entry torchEntry.py:build`.

A two-layer transformer with fixed random weights that classifies random token sequences by whether their first token
is below 50: nothing to learn from, but every kind of layer is there, and it runs in a second.
"""
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.out_lin = (nn.Linear(width, width) for _ in range(4))
        self.lin1, self.lin2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        y = self.norm1(x)
        weights = torch.softmax(self.query(y) @ self.key(y).transpose(1, 2) / x.shape[-1] ** 0.5, -1)
        x = x + self.out_lin(weights @ self.value(y))
        return x + self.lin2(torch.relu(self.lin1(self.norm2(x))))


class Classifier(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.embedding = nn.Embedding(100, width)
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.classifier = nn.Linear(width, 2)

    def forward(self, tokens):
        return self.classifier(self.blocks(self.embedding(tokens))[:, 0])


def build(precision, device):
    torch.manual_seed(1)
    module = Classifier().eval()
    tokens = torch.randint(0, 100, (64, 16))
    labels = (tokens[:, 0] >= 50).long()
    batches = [(tokens[at : at + 8], labels[at : at + 8]) for at in range(0, 64, 8)]
    return module, batches, "accuracy"
