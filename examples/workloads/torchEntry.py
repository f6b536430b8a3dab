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


class Language(nn.Module):
    """Predicts the next token from the tokens before it; its length is free up to the table of positions."""

    def __init__(self, words=100, width=64, window=64):
        super().__init__()
        self.embedding, self.position = nn.Embedding(words, width), nn.Embedding(window, width)
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.lm_head = nn.Linear(width, words)

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)
        ahead = torch.triu(torch.ones(len(places), len(places), device=tokens.device), 1).bool()
        return self.lm_head(self.blocks(self.embedding(tokens) + self.position(places), mask=ahead))


def build_language(precision, device):
    """`--entry torchEntry.py:build_language`: prefill and decode for `bitbench estimator collect`."""
    torch.manual_seed(1)
    module = Language().eval()
    tokens = torch.randint(0, 100, (16, 64))
    labels = torch.cat([tokens[:, 1:], torch.full((16, 1), -1)], 1)
    return module, [(tokens[at : at + 8], labels[at : at + 8]) for at in range(0, 16, 8)], "perplexity"


def build(precision, device):
    torch.manual_seed(1)
    module = Classifier().eval()
    tokens = torch.randint(0, 100, (64, 16))
    labels = (tokens[:, 0] >= 50).long()
    batches = [(tokens[at : at + 8], labels[at : at + 8]) for at in range(0, 64, 8)]
    return module, batches, "accuracy"
