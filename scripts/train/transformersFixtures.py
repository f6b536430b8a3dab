"""
Exports tiny networks of seeded random values, built by the package transformers, with PyTorch's newer exporter, for
test/integration/main/model/encoderMasks.test.ts and test/integration/main/lm/lmOnnx.test.ts (docs/encoders.md, docs/language-models.md):

    python3 scripts/train/transformersFixtures.py [--out test/fixtures] [--all]

    encoders/distilbert.onnx   attention by scaled_dot_product_attention, an attention mask
    encoders/bert.onnx         attention written out, a mask and kinds of tokens
    encoders/vit.onnx          28 x 28 pixels, patches of 7 x 7 (only with --all)
    lm/transformers.onnx       Llama of open length, scaled_dot_product_attention
    with --all also the other kind of attention of each, and Llama of a fixed length, with and without an attention mask

Needs PyTorch 2.6 or newer, onnx, onnxscript and transformers: Debian 12 has none of them in that version; made with 2.14.1, 1.20.0,
0.7.2 and 5.12.1. Traces of the source in every node are taken out of the files, and weights are put into them.
"""
import argparse
import math
import os

import onnx
import torch
import transformers as hf

WORDS, LENGTH = 400, 10


class Logits(torch.nn.Module):
    def __init__(self, model, **options):
        super().__init__()
        self.model, self.options = model, options

    def forward(self, *inputs):
        return self.model(*inputs, **self.options).logits


def export(path, model, inputs, names, shapes=None, **options):
    torch.manual_seed(5)
    for weight in model.parameters():
        if weight.dim() >= 2:
            torch.nn.init.normal_(weight, std=1 / math.sqrt(weight[0].numel()))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    torch.onnx.export(Logits(model, **options).eval(), inputs, path, input_names=names, output_names=["logits"],
                      dynamo=True, dynamic_shapes=shapes)
    made = onnx.load(path)
    for node in made.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del made.graph.value_info[:], made.metadata_props[:], made.graph.metadata_props[:]
    for value in [*made.graph.input, *made.graph.output, *made.graph.initializer]:
        del value.metadata_props[:]
    onnx.save(made, path)
    if os.path.exists(path + ".data"):
        os.remove(path + ".data")
    print(path, os.path.getsize(path))


def encoder(kind, attention):
    inputs = [torch.randint(0, WORDS, (1, LENGTH)), torch.ones(1, LENGTH, dtype=torch.long)]
    names = ["input_ids", "attention_mask"]
    shared = {"vocab_size": WORDS, "max_position_embeddings": LENGTH, "num_labels": 3, "attn_implementation": attention}
    if kind == "distilbert":
        config = hf.DistilBertConfig(dim=16, hidden_dim=32, n_layers=2, n_heads=2, **shared)
        return hf.DistilBertForSequenceClassification(config), tuple(inputs), names
    config = hf.BertConfig(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, **shared)
    inputs.append(torch.zeros(1, LENGTH, dtype=torch.long))
    return hf.BertForSequenceClassification(config), tuple(inputs), [*names, "token_type_ids"]


def vision(attention):
    config = hf.ViTConfig(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=28,
                          patch_size=7, num_channels=1, num_labels=10, attn_implementation=attention)
    return hf.ViTForImageClassification(config), (torch.rand(1, 1, 28, 28),), ["image"]


def llama(path, attention, is_open, has_mask):
    config = hf.LlamaConfig(vocab_size=270, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
                            num_key_value_heads=2, max_position_embeddings=64, attn_implementation=attention)
    inputs, names = [torch.randint(0, 270, (1, 12))], ["input_ids"]
    if has_mask:
        inputs.append(torch.ones(1, 12, dtype=torch.long))
        names.append("attention_mask")
    shapes = ((({1: torch.export.Dim("sequence", min=2, max=64)}),),) if is_open else None
    export(path, hf.LlamaForCausalLM(config), tuple(inputs), names, shapes, use_cache=False)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", default="test/fixtures")
    arguments.add_argument("--all", action="store_true")
    p = arguments.parse_args()
    encoders, lm = os.path.join(p.out, "encoders"), os.path.join(p.out, "lm")
    export(os.path.join(encoders, "distilbert.onnx"), *encoder("distilbert", "sdpa"))
    export(os.path.join(encoders, "bert.onnx"), *encoder("bert", "eager"))
    llama(os.path.join(lm, "transformers.onnx"), "sdpa", True, False)
    if not p.all:
        return
    export(os.path.join(encoders, "distilbert-eager.onnx"), *encoder("distilbert", "eager"))
    export(os.path.join(encoders, "bert-sdpa.onnx"), *encoder("bert", "sdpa"))
    for attention in ("eager", "sdpa"):
        export(os.path.join(encoders, f"vit-{attention}.onnx"), *vision(attention))
        for has_mask in (False, True):
            name = f"llama-{attention}{'-mask' if has_mask else ''}.onnx"
            llama(os.path.join(lm, name), attention, False, has_mask)


if __name__ == "__main__":
    main()
