#!/usr/bin/env python3
"""Runs a PyTorch network for Bitbench: prints JSON lines, does the steps that it is sent on stdin.

    torch_runner.py --entry mine.py:build [--device cuda:0] [--samples 200] [--types types.json]
    torch_runner.py --model distilbert-base-uncased-finetuned-sst-2-english --dataset sst2.tsv   (needs transformers)

`build(precision, device)` returns (module, batches, task):
  module   torch.nn.Module in eval mode; its output is a tensor of scores, or has .logits, or is a tuple with them first
  batches  list of (inputs, labels); inputs is a tensor, a tuple or a dict; labels is [batch] for a classifier and
           [batch, tokens] for a language model (-1: not scored)
  task     "accuracy" or "perplexity"

Latency by stage (`bitbench estimator collect`): networks of tokens have the stages prefill and, as language models,
decode, with transformers' key/value cache where the module takes `past_key_values`. For any other stages give `build`
attributes:
  build.stages         function (module, knobs, output_tokens, stage): `with stage("visionEncoder"): ...` around every
                       stage, `with stage("decode"): ...` around every output token
  build.knobs          {"visionTokens": [144, 576], "promptTokens": (16, 1024)}: values, or the ends of a range
  build.output_tokens  (1, 64), where there is a decode stage
  build.limits         [(["promptTokens", "outputTokens"], 2048)]: largest sums

Protocol: docs/workloads.md. Nothing statistical is computed here. Works with PyTorch 1.13 and later.
"""
import argparse
import contextlib
import copy
import importlib.util
import json
import os
import re
import struct
import sys
import time

PROTOCOL = 1
COPIES = 8  # captured inputs that a looped layer takes in turn at least
MOST_COPIES = 256
CACHE_FACTOR = 2  # the copies of a looped layer are together so many times the L2 cache
CALIBRATION = 8  # batches for the means of an ablation
ABLATIONS = ("zero", "mean", "skip")
ALONE = ("fp16", "int8", "int4")
TYPES = (  # first match of class or name decides
    ("class", r"Embedding", "embedding"),
    ("class", r"(Layer|Batch|Group|Instance|RMS)Norm", "norm"),
    ("class", r"Conv(Transpose)?\dd", "convolution"),  # Conv1D of the transformers library is a linear layer
    ("class", r"Pool", "pooling"),
    ("name", r"(^|\.)(lm_head|decoder)$", "head"),
    ("name", r"(^|\.)(pre_)?(classifier|score|classification_head)", "classifier"),
    ("class", r"Attention", "attention"),
    ("name", r"attn|attention|[qkvo]_(lin|proj)$|(^|\.)(query|key|value|[qkv]|out_lin)$", "attention"),
    ("name", r"mlp|ffn|lin[12]|linear[12]|intermediate|feed_forward|(^|\.)(c_fc|c_proj|fc\d?)$", "ffn"),
)

out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what a module prints is no protocol line


def say(event, **fields):
    out.write(json.dumps({"event": event, **fields}) + "\n")
    out.flush()


class Phases:
    """The two marks of a phase; BITBENCH_PHASE_FILE names a file that holds the present one."""

    def __init__(self):
        self.file = os.environ.get("BITBENCH_PHASE_FILE") or None

    def note(self, text):
        if self.file:
            with open(self.file, "w") as target:
                target.write(text)

    def begin(self, name):
        self.note(name)
        say("phase", name=name, state="begin", ns=time.monotonic_ns())

    def end(self, name, repetitions, **more):
        say("phase", name=name, state="end", repetitions=repetitions, ns=time.monotonic_ns(), **more)
        self.note("")


def first_tensor(value):
    """The scores in what a module returned."""
    if torch.is_tensor(value):
        return value
    if hasattr(value, "logits"):
        return value.logits
    if isinstance(value, dict):
        return first_tensor(next(iter(value.values())))
    return first_tensor(value[0])


def with_first(value, tensor):
    """The same value with its first tensor replaced."""
    if torch.is_tensor(value):
        return tensor
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return (with_first(value[0], tensor),) + value[1:]
    raise TypeError("the output of this layer cannot be replaced: " + type(value).__name__)


def moved(value, device, dtype=None):
    """Tensors of any nesting on a device; floating ones in a dtype."""
    if torch.is_tensor(value):
        return value.to(device, dtype) if dtype is not None and value.is_floating_point() else value.to(device)
    if isinstance(value, dict):
        return {key: moved(one, device, dtype) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(moved(one, device, dtype) for one in value)
    return value


def call(module, inputs):
    if isinstance(inputs, dict):
        return module(**inputs)
    return module(*inputs) if isinstance(inputs, (tuple, list)) else module(inputs)


def entry_builder(spec):
    path, _, name = spec.partition(":")
    folder = os.path.dirname(os.path.abspath(path))
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True  # a measurement leaves nothing beside the user's files
    loaded = importlib.util.spec_from_file_location("bitbench_entry", path)
    if loaded is None or not os.path.exists(path):
        raise FileNotFoundError("there is no file " + path)
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    found = getattr(module, name or "build", None)
    if not callable(found):
        own = [one for one, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        raise ValueError(f"{path} has no function {name or 'build'}; it defines {', '.join(own) or 'none'}")
    return found


def hub_builder(args):
    """A network of the transformers library with a test set: TSV or JSONL of sentence and label, or plain text."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
    config = transformers.AutoConfig.from_pretrained(args.model)
    # 128 tokens without --window, no longer than the network has positions for; configurations without them (rotary, relative) set no limit here.
    positions = getattr(config, "max_position_embeddings", None)
    if args.window and positions and args.window > positions:
        raise ValueError(f"a window of {args.window} tokens is longer than the {positions} positions of {args.model}")
    args.window = args.window or min(128, positions or 128)
    with open(args.dataset, encoding="utf-8") as source:
        lines = source.read().splitlines()
    if args.task == "perplexity":
        batches, kind = text_windows(tokenizer, lines, args), transformers.AutoModelForCausalLM
    else:
        batches, kind = labelled_sentences(tokenizer, lines, args), transformers.AutoModelForSequenceClassification

    def build(precision, device):
        return kind.from_pretrained(args.model).eval(), batches, args.task

    return build


def window_note(args):
    if args.task == "perplexity":
        return f"window and stride {args.window} tokens"
    return f"sentences are padded or cut to {args.window} tokens"


def text_windows(tokenizer, lines, args):
    """Windows of a text, side by side; what is left at its end is shorter than one and left out."""
    tokens = tokenizer("\n".join(lines), return_tensors="pt").input_ids
    if tokens.shape[1] < args.window:
        raise ValueError(f"{args.dataset} has {tokens.shape[1]} tokens, fewer than one window of {args.window}")
    windows = [tokens[:, at : at + args.window] for at in range(0, tokens.shape[1] - args.window + 1, args.window)]
    # The first token of a window has no context and is not scored; a row predicts the token after it.
    return [(w, torch.cat([w[:, 1:], torch.full((1, 1), -1)], 1)) for w in windows]


def labelled_sentences(tokenizer, lines, args):
    """Batches of padded sentences with their labels."""
    rows = [json.loads(line) for line in lines if line.strip()] if args.dataset.endswith(".jsonl") else [
        dict(zip(lines[0].split("\t"), line.split("\t"))) for line in lines[1:] if line.strip()
    ]
    for at, row in enumerate(rows):
        if not isinstance(row.get("sentence", row.get("text")), str) or not str(row.get("label", "")).strip().isdigit():
            raise ValueError(f"row {at + 1} of {args.dataset} has no sentence (or text) with a label 0, 1, …")
    batches = []
    for at in range(0, len(rows), args.batch):
        part = rows[at : at + args.batch]
        text = [row.get("sentence", row.get("text")) for row in part]
        inputs = dict(tokenizer(text, return_tensors="pt", padding="max_length", truncation=True, max_length=args.window))
        batches.append((inputs, torch.tensor([int(row["label"]) for row in part])))
    return batches


def built(build, precision, device):
    """What build returns, checked: a mistake there would come up as an error of something else."""
    found = build(precision, device)
    if not isinstance(found, (tuple, list)) or len(found) != 3:
        raise TypeError(
            f"build(precision, device) returned {type(found).__name__}, not (module, batches, task); "
            "the head of torch_runner.py says what each is"
        )
    module, batches, task = found
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"build returned {type(module).__name__} in place of a torch.nn.Module")
    if task not in ("accuracy", "perplexity"):
        raise ValueError(f'build returned the task {task!r}, not "accuracy" or "perplexity"')
    return module, batches, task


class Network:
    """The module in fp32 with its layers, batches and captured inputs."""

    def __init__(self, build, device, samples, overrides):
        self.device = device
        self.module, batches, self.task = built(build, "fp32", device)
        self.module = self.module.to(device).eval()
        self.batches = [(moved(inputs, device), labels) for inputs, labels in limited(batches, samples)]
        if not self.batches:
            raise ValueError("build returned no batch")
        self.overrides = overrides
        self.names = {module: name for name, module in self.module.named_modules()}
        # What is timed is of one size, the first batch's: times are divided by its samples.
        size = self.batches[0][1].shape[0]
        self.timed = [inputs for inputs, labels in self.batches if labels.shape[0] == size][:COPIES]
        self.captured, self.outputs, self.calls = self.capture()
        self.layers = self.find_layers()

    def capture(self):
        """One pass per timed batch: inputs and output of every module that was called."""
        inputs, outputs, calls, handles = {}, {}, {}, []

        def hook(module, args, kwargs, output):
            name = self.names[module]
            calls[name] = calls.get(name, 0) + 1
            if not kwargs and len(inputs.setdefault(name, [])) < COPIES:
                inputs[name].append(args)
                outputs[name] = output

        for module in self.names:
            handles.append(add_hook(module, hook))
        for inputs_of in self.timed:
            call(self.module, inputs_of)
        for handle in handles:
            handle.remove()
        return inputs, outputs, {name: max(1, count // len(self.timed)) for name, count in calls.items()}

    def find_layers(self):
        """Called modules with weights below which no other was called: leaves, or what the runtime runs fused."""
        layers, seen, holders = [], {}, {}
        called = set(self.captured)
        for name, module in self.module.named_modules():
            below = [other for other in called if other != name and (name == "" or other.startswith(name + "."))]
            if name == "" or name not in called or below or not list(module.parameters()) or not self.captured[name]:
                continue
            shapes = [list(one.shape) for one in self.captured[name][0] if torch.is_tensor(one)]
            key = (type(module).__name__, str(shapes), str([list(p.shape) for p in module.parameters()]))
            tensors = {p.data_ptr(): p.numel() for p in module.parameters()}
            layers.append(
                {
                    "id": name,
                    "type": "",
                    "class": type(module).__name__,
                    # Tied weights are counted where they come first, as they are one tensor on the device.
                    "parameters": sum(size for at, size in tensors.items() if at not in holders),
                    "macs": macs_of(module, self.outputs[name]),
                    "inputShapes": shapes,
                    "calls": self.calls[name],
                    **({"sameAs": seen[key]} if key in seen else {}),
                }
            )
            seen.setdefault(key, name)
            for at in tensors:
                holders.setdefault(at, []).append(name)
        classes = {name: type(module).__name__ for name, module in self.module.named_modules()}
        head = "classifier" if self.task == "accuracy" else "head"
        for one in layers:
            last_type = head if one is layers[-1] else ""
            one["type"] = layer_type(one["id"], self.find(one["id"]), self.overrides, classes, last_type)
            tied = [names for names in holders.values() if one["id"] in names]
            one["sharedWith"] = sorted({name for names in tied for name in names} - {one["id"]})
        return layers

    def find(self, name):
        return self.module.get_submodule(name)


def add_hook(module, hook):
    try:
        return module.register_forward_hook(hook, with_kwargs=True)
    except TypeError:  # before PyTorch 2.0 a hook does not see keyword arguments
        return module.register_forward_hook(lambda m, args, output: hook(m, args, {}, output))


def limited(batches, samples):
    """Whole batches until there are enough samples."""
    count = 0
    for inputs, labels in batches:
        if samples and count >= samples:
            return
        count += labels.shape[0]
        yield inputs, labels


def layer_type(name, module, overrides, classes, last_type):
    """By the user's map, class and name, then by the classes around it. last_type: of the last layer, "" of others."""
    for pattern, kind in overrides.items():
        if re.search(pattern, name):
            return kind
    for where, pattern, kind in TYPES:
        if re.search(pattern, type(module).__name__ if where == "class" else name):
            return kind
    if type(module).__name__ not in ("Linear", "Conv1D", "Bilinear"):
        return "other"
    parts = name.split(".")
    around = [classes.get(".".join(parts[:end]), "") for end in range(1, len(parts))]
    if any(re.search(r"attn|attention", one, re.I) for one in around):
        return "attention"
    return last_type or "ffn"


def macs_of(module, output):
    """Multiply-accumulates of one call of a linear layer or convolution; 0 where they are not counted."""
    size = first_tensor(output).numel() if not isinstance(module, torch.nn.MultiheadAttention) else 0
    if isinstance(module, torch.nn.Linear):
        return size * module.in_features
    if isinstance(module, torch.nn.modules.conv._ConvNd):
        return size * module.weight[0].numel()
    return size * module.weight.shape[0] if type(module).__name__ == "Conv1D" else 0


class Runner:
    def __init__(self, build, args):
        self.build, self.args = build, args
        self.device = torch.device(args.device)
        self.phases = Phases()
        self.network = Network(build, self.device, args.samples, args.overrides)
        self.modules = {"fp32": self.network.module}
        self.means = {}
        self.scratch = os.environ.get("BITBENCH_WORKLOAD_SCRATCH") or args.scratch

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    # --- precisions -------------------------------------------------------------------------------------------------

    def at(self, precision):
        """The network at a precision and the dtype of its inputs."""
        dtype = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision)
        if precision not in self.modules:
            module = self.build(precision, self.device)[0].to(self.device).eval()
            if precision == "int8Dynamic":
                if self.device.type != "cpu":
                    raise NotImplementedError("PyTorch quantizes dynamically on the CPU alone")
                engines = [one for one in torch.backends.quantized.supported_engines if one != "none"]
                if not any(isinstance(one, torch.nn.Linear) for one in module.modules()):
                    raise NotImplementedError("there is no linear layer to quantize")
                torch.backends.quantized.engine = "fbgemm" if "fbgemm" in engines else engines[0]
                module = torch.ao.quantization.quantize_dynamic(module, {torch.nn.Linear}, dtype=torch.qint8)
            else:
                module = module.to(dtype)
            self.modules[precision] = module
        return self.modules[precision], dtype

    def offered(self):
        """Precisions that were tried with one batch, and why the others are not offered."""
        names, reasons = ["fp32"], {}
        for precision in ("fp16", "bf16", "int8Dynamic"):
            if precision == "fp16" and self.device.type == "cpu":
                reasons[precision] = "fp16 is no format of a CPU: its time would say nothing of a GPU"
                continue
            try:
                module, dtype = self.at(precision)
                call(module, moved(self.network.batches[0][0], self.device, dtype))
                names.append(precision)
            except Exception as cause:  # whatever a kernel that is not there throws
                self.modules.pop(precision, None)
                reasons[precision] = f"{type(cause).__name__}: {cause}".splitlines()[0][:300]
        return names, reasons

    def quantized(self):
        """How much of the network int8Dynamic changes: PyTorch quantizes nn.Linear alone, not Conv1D or convolutions."""
        modules = [self.network.find(one["id"]) for one in self.network.layers]
        matrices = [one for one in modules if any(p.dim() >= 2 for p in one.parameters())]
        linear = [one for one in matrices if isinstance(one, torch.nn.Linear)]
        return f"{len(linear)} of {len(matrices)} layers with matrices are quantized (nn.Linear); the others stay fp32"

    # --- steps ------------------------------------------------------------------------------------------------------

    def looped(self, name, for_ms, calls, **more):
        """Warms up, then runs the calls in turn inside one phase of at least for_ms."""

        def turns(count):
            self.synchronize()
            started = time.monotonic()
            for _ in range(count):
                for one in calls:
                    one()
            self.synchronize()
            return max(1e-6, time.monotonic() - started)

        count, enough = 1, min(0.5, for_ms / 3000)
        took = turns(count)
        while took < enough:
            count = max(count + 1, int(count * min(10, 1.2 * enough / took)))
            took = turns(count)
        wanted = max(1, -int(-(count * for_ms / 1000) // took))
        self.phases.begin(name)
        done, ended = 0, time.monotonic() + for_ms / 1000
        while done == 0 or time.monotonic() < ended:
            turns(wanted)
            done += wanted
            wanted = max(1, wanted // 10)
        self.phases.end(name, done * len(calls), **more)

    def layer(self, name, for_ms, cache):
        calls, facts = self.copies(self.network.find(name), self.network.captured[name], cache)
        self.looped("layer:" + name, for_ms, calls, **facts)

    def copies(self, module, inputs, cache):
        """Calls on copies that are together larger than the cache: of the inputs, and of the weights where those of the
        whole network are larger than the cache, so that they are not found in it inside the network either."""
        whole = weight_bytes(self.network.module)
        size = sum(one.numel() * one.element_size() for one in inputs[0] if torch.is_tensor(one))
        weights = weight_bytes(module) if cache and whole > cache else 0
        each = max(1, size + weights)
        room = torch.cuda.mem_get_info(self.device)[0] // 4 if self.device.type == "cuda" else 1 << 30
        wanted = -(-CACHE_FACTOR * cache // each) if cache else COPIES
        count = max(1, min(max(COPIES, wanted), MOST_COPIES, room // each))
        own = lambda args: tuple(one.clone() if torch.is_tensor(one) else one for one in args)
        arguments = [inputs[at] if at < len(inputs) else own(inputs[at % len(inputs)]) for at in range(count)]
        modules = [module] + [copy.deepcopy(module) if weights else module for _ in range(count - 1)]
        calls = [lambda m=m, args=args: m(*args) for m, args in zip(modules, arguments)]
        return calls, {"copies": count, "copiedBytes": count * each, **({"cacheBytes": cache} if cache else {})}

    def cache_bytes(self, told):
        """The L2 cache as the device says it; of a GPU whose runtime does not, as Bitbench knows it by name; 0: unknown."""
        if self.device.type == "cuda":
            return getattr(torch.cuda.get_device_properties(self.device), "L2_cache_size", 0) or told
        for index in range(8):
            try:
                read = lambda name: open(f"/sys/devices/system/cpu/cpu0/cache/index{index}/{name}").read().strip()
                if read("level") == "2":
                    size = read("size")
                    return int(size.rstrip("KM")) << {"K": 10, "M": 20}.get(size[-1], 0)
            except (OSError, ValueError):
                break
        return 0

    def benchmark(self, precision, for_ms):
        module, dtype = self.at(precision)
        batches = [moved(inputs, self.device, dtype) for inputs in self.network.timed]
        say("weights", precision=precision, bytes=weight_bytes(module))
        name = "benchmark:" + precision
        self.looped(name, for_ms, [lambda inputs=inputs: call(module, inputs) for inputs in batches])
        us, until = [], time.monotonic() + for_ms / 2000
        while len(us) < 250 and (len(us) < 20 or time.monotonic() < until):
            started = time.perf_counter_ns()
            call(module, batches[len(us) % len(batches)])
            self.synchronize()
            us.append((time.perf_counter_ns() - started) / 1000)
        say("latency", name=name, us=us)

    def predictions(self, name, module, dtype=None):
        """Log-probabilities of every sample or token, in a file of little-endian float32."""
        file = os.path.join(self.scratch, re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".f32")
        labels, samples, sample = [], [], 0
        with open(file, "wb") as target:
            for inputs, wanted in self.network.batches:
                scores = first_tensor(call(module, moved(inputs, self.device, dtype))).float()
                rows = torch.log_softmax(scores, -1).reshape(-1, scores.shape[-1]).cpu().contiguous()
                if wanted.numel() != rows.shape[0]:
                    raise ValueError(f"{wanted.numel()} labels for {rows.shape[0]} rows of scores")
                target.write(float32_bytes(rows))
                per_sample = rows.shape[0] // wanted.shape[0]
                labels += [int(one) for one in wanted.reshape(-1)]
                for _ in range(wanted.shape[0]):
                    samples += [sample] * per_sample
                    sample += 1
        say("predictions", name=name, rows=len(labels), columns=rows.shape[1], file=file, labels=labels, samples=samples)

    def ablated(self, name, change, layer):
        module = self.network.find(layer)
        mean = self.mean_of(layer) if change == "mean" else None

        def replace(_, args, output):
            kept = first_tensor(output)
            if change == "zero":
                changed = torch.zeros_like(kept)
            elif change == "mean":
                changed = mean.to(kept).expand_as(kept).contiguous()
            else:
                changed = args[0]
            return with_first(output, changed)

        handle = module.register_forward_hook(replace)
        try:
            self.predictions(name, self.network.module)
        finally:
            handle.remove()

    def mean_of(self, layer):
        """Mean output over samples at every place, or over places too where shapes differ."""
        if layer not in self.means:
            seen = []
            handle = self.network.find(layer).register_forward_hook(lambda m, args, output: seen.append(first_tensor(output)))
            for inputs, _ in self.network.batches[:CALIBRATION]:
                call(self.network.module, inputs)
            handle.remove()
            if len({one.shape[1:] for one in seen}) == 1:
                self.means[layer] = torch.cat(seen).mean(0, keepdim=True)
            else:
                self.means[layer] = torch.cat([one.reshape(-1, one.shape[-1]) for one in seen]).mean(0)
        return self.means[layer]

    def alone(self, name, change, layer):
        """This layer's weights at fp16, int8 per channel or int4 in groups of 32, all else in fp32."""
        module = self.network.find(layer)
        kept = copy.deepcopy(module.state_dict())
        try:
            with torch.no_grad():
                for weight in module.parameters():
                    if weight.dim() < 2:
                        continue
                    if change == "fp16":
                        weight.copy_(weight.half().float())
                    elif type(module).__name__ == "Conv1D":  # holds its weights as [inputs, outputs]
                        weight.copy_(rounded(weight.t(), int(change[3:])).t())
                    else:
                        weight.copy_(rounded(weight, int(change[3:])))
            self.predictions(name, self.network.module)
        finally:
            module.load_state_dict(kept)

    def plan(self, precisions):
        layers = self.network.layers
        steps = [{"id": "benchmark:" + one, "kind": "benchmark"} for one in precisions]
        steps += [{"id": "layer:" + one["id"], "kind": "layer"} for one in layers if "sameAs" not in one]
        names = ["baseline"] + ["precision:" + one for one in precisions if one != "fp32"]
        for one in layers:
            inputs, output = self.network.captured[one["id"]][0], first_tensor(self.network.outputs[one["id"]])
            for change in ABLATIONS:
                is_same = bool(inputs) and torch.is_tensor(inputs[0]) and inputs[0].shape == output.shape
                if change != "skip" or (is_same and inputs[0].is_floating_point()):
                    names.append(f"{change}:{one['id']}")
            if any(p.dim() >= 2 for p in self.network.find(one["id"]).parameters()):
                names += [f"{change}:{one['id']}" for change in ALONE]
        started = time.monotonic()
        for inputs, _ in self.network.batches:
            call(self.network.module, inputs)
        seconds = time.monotonic() - started
        return steps + [{"id": "predictions:" + name, "kind": "predictions", "seconds": seconds} for name in names]

    def step(self, step, for_ms, cache=0):
        kind, _, name = step.partition(":")
        change, _, rest = name.partition(":")
        if kind == "layer" and name in self.network.captured:
            self.layer(name, for_ms, self.cache_bytes(cache))
        elif kind == "benchmark" and name in self.modules:
            self.benchmark(name, for_ms)
        elif kind == "predictions" and name == "baseline":
            self.predictions(name, self.network.module)
        elif kind == "predictions" and change == "precision":
            self.predictions(name, *self.at(rest))
        elif kind == "predictions" and change in ABLATIONS:
            self.ablated(name, change, rest)
        elif kind == "predictions" and change in ALONE:
            self.alone(name, change, rest)
        else:
            raise LookupError("this runner has no step " + step)


class StageTimes:
    """Knobs and stages of a network, and their measuring; what is timed is synchronised at both ends."""

    WARMUPS = 2

    def __init__(self, build, network, synchronize):
        self.network, self.synchronize = network, synchronize
        self.work = getattr(build, "stages", None)
        self.limits = [{"sumOf": list(names), "max": most} for names, most in getattr(build, "limits", [])]
        if self.work is not None:
            knobs = dict(getattr(build, "knobs", {}))
            tokens = getattr(build, "output_tokens", None)
            self.note = "stages: as the entry says"
        else:
            knobs, tokens = self.of_tokens()
        self.knobs = {**knobs, **({"outputTokens": tokens} if tokens else {})}
        self.names = list(self.repetition(*self.smallest())[0])
        if tokens and "decode" not in self.names:
            self.names.append("decode")

    def smallest(self):
        first = {name: is_[0] for name, is_ in self.knobs.items()}
        return first, first.pop("outputTokens", 0)

    def of_tokens(self):
        """A network of one tensor [batch, tokens] of whole numbers: prefill, and decode of a language model."""
        inputs = self.network.batches[0][0]
        named = inputs.get("input_ids") if isinstance(inputs, dict) else inputs
        ids = named[0] if isinstance(named, (tuple, list)) and len(named) == 1 else named
        if not torch.is_tensor(ids) or ids.dim() != 2 or ids.is_floating_point():
            self.work, self.note = self.forward, "stages: one forward pass of the first batch"
            return {}, None
        self.ids, self.name = ids, "input_ids" if isinstance(inputs, dict) else None
        config = getattr(self.network.module, "config", None)
        window = min(int(getattr(config, "max_position_embeddings", 0) or ids.shape[1]), 4096)
        is_open = self.takes(1) and self.takes(window)
        self.cached = config is not None and self.takes_cache()
        prompt = (1, window) if is_open else [ids.shape[1]]
        knobs = {"batch": (1, 16), "promptTokens": prompt}
        if self.network.task != "perplexity" or not is_open:
            self.work, self.note = self.prefill, "stages: prefill is the pass over all tokens"
            return knobs, None
        self.work = self.decode
        how = "with a key/value cache" if self.cached else "without a cache: a pass over all tokens before it"
        self.note = "stages: prefill, then each token decoded " + how
        self.limits = [{"sumOf": ["promptTokens", "outputTokens"], "max": window}]
        knobs["promptTokens"] = (1, max(1, window - 1))
        return knobs, (1, max(1, window - 1))

    def tokens(self, batch, length):
        row = self.ids.reshape(-1)
        count = batch * length
        return row.repeat(-(-count // row.numel()))[:count].reshape(batch, length)

    def pass_over(self, ids, **more):
        module = self.network.module
        return module(**{self.name: ids}, **more) if self.name or more else module(ids)

    def takes(self, length):
        try:
            self.pass_over(self.tokens(1, length))
            return True
        except Exception:  # whatever a module says of a length that it does not take
            return False

    def takes_cache(self):
        before = self.name
        try:
            self.name = before or "input_ids"
            seen = self.pass_over(self.tokens(1, 2), use_cache=True)
            self.pass_over(self.tokens(1, 1), past_key_values=seen.past_key_values, use_cache=True)
            return True
        except Exception:  # its first argument may have another name: it is passed by position again
            self.name = before
            return False

    def forward(self, module, knobs, output_tokens, stage):
        with stage("forward"):
            call(module, self.network.batches[0][0])

    def prefill(self, module, knobs, output_tokens, stage):
        ids = self.tokens(knobs.get("batch", 1), knobs.get("promptTokens", self.ids.shape[1]))
        with stage("prefill"):
            self.pass_over(ids)

    def decode(self, module, knobs, output_tokens, stage):
        batch, prompt = knobs.get("batch", 1), knobs["promptTokens"]
        ids = self.tokens(batch, prompt + output_tokens)
        more = {"use_cache": True} if self.cached else {}
        with stage("prefill"):
            seen = self.pass_over(ids[:, :prompt], **more)
        for at in range(prompt, prompt + output_tokens):
            with stage("decode"):
                if self.cached:
                    seen = self.pass_over(ids[:, at : at + 1], past_key_values=seen.past_key_values, use_cache=True)
                else:
                    self.pass_over(ids[:, : at + 1])

    def repetition(self, knobs, output_tokens):
        """ms of each stage in the order of its first use, and of every output token."""
        stages, tokens = {}, []

        @contextlib.contextmanager
        def stage(name):
            self.synchronize()
            started = time.perf_counter_ns()
            yield
            self.synchronize()
            took = max(1, time.perf_counter_ns() - started) / 1e6
            if name == "decode":
                tokens.append(took)
            else:
                stages[name] = stages.get(name, 0) + took

        self.work(self.network.module, dict(knobs), output_tokens, stage)
        return stages, tokens

    def offer(self):
        knobs = [
            {"name": name, "is": {"min": is_[0], "max": is_[1]} if isinstance(is_, tuple) else {"values": list(is_)}}
            for name, is_ in self.knobs.items()
        ]
        return {"knobs": knobs, "stages": self.names, "limits": self.limits}

    def measure(self, step, knobs, output_tokens, repetitions):
        for name, value in {**knobs, **({"outputTokens": output_tokens} if output_tokens else {})}.items():
            is_ = self.knobs.get(name, [])
            if not (is_[0] <= value <= is_[1] if isinstance(is_, tuple) else value in is_):
                raise LookupError(f"this runner does not offer {name} = {value}")
        for at in range(-self.WARMUPS, repetitions):
            stages, tokens = self.repetition(knobs, output_tokens)
            if tokens and output_tokens and len(tokens) != output_tokens:
                raise ValueError(f"{len(tokens)} decode stages for {output_tokens} output tokens")
            if at >= 0:
                say("stages", id=step, stagesMs=stages, **({"decodePerTokenMs": tokens} if tokens else {}))


def rounded(weight, bits):
    """Symmetric fake quantization: one scale per output channel, at 4 bits one per 32 weights of it."""
    flat = weight.reshape(weight.shape[0], -1)
    groups = flat.split(32, 1) if bits == 4 else [flat]
    top = 2 ** (bits - 1) - 1
    parts = []
    for group in groups:
        scale = group.abs().amax(1, keepdim=True).clamp(min=1e-12) / top
        parts.append((group / scale).round().clamp(-top, top) * scale)
    return torch.cat(parts, 1).reshape(weight.shape)


def float32_bytes(rows):
    try:
        return rows.numpy().astype("<f4").tobytes()
    except RuntimeError:  # PyTorch without numpy
        return struct.pack(f"<{rows.numel()}f", *rows.reshape(-1).tolist())


def weight_bytes(module):
    """Bytes of the weights as the runtime holds them, shared ones once; packed ones by their saved size."""
    seen, total = set(), 0
    for value in module.state_dict().values():
        for tensor in value if isinstance(value, tuple) else (value,):
            if torch.is_tensor(tensor) and tensor.is_quantized is False and tensor.data_ptr() not in seen:
                seen.add(tensor.data_ptr())
                total += tensor.numel() * tensor.element_size()
            elif torch.is_tensor(tensor) and tensor.is_quantized:
                total += tensor.numel()
    return total


def bus_id(device):
    props = torch.cuda.get_device_properties(device)
    if not hasattr(props, "pci_bus_id"):
        return {}
    return {"pciBusId": f"{props.pci_domain_id:08x}:{props.pci_bus_id:02x}:{props.pci_device_id:02x}.0"}


def serve(args):
    build = entry_builder(args.entry) if args.entry else hub_builder(args)
    runner = Runner(build, args)
    times = None
    if os.environ.get("BITBENCH_WORKLOAD_STAGES") == "1":
        times = StageTimes(build, runner.network, runner.synchronize)
    precisions, reasons = runner.offered() if times is None else (["fp32"], {})
    cuda = runner.device.type == "cuda"
    say(
        "hello",
        protocol=PROTOCOL,
        runner="torch",
        runtime="torch " + torch.__version__,
        device=str(runner.device),
        **({"deviceName": torch.cuda.get_device_name(runner.device), **bus_id(runner.device)} if cuda else {}),
        threads=torch.get_num_threads(),
        precisions=precisions,
        model=args.name or (args.model or os.path.basename(args.entry).split(".")[0]).replace("/", "_"),
        task=runner.network.task,
        batch=int(runner.network.batches[0][1].shape[0]),
        notes=[
            "phases: calls from Python in a loop, each with what a launch costs; no CUDA graph",
            "int8 and int4 of a layer alone round its weights; activations stay fp32",
            *(["int8Dynamic: " + runner.quantized()] if "int8Dynamic" in precisions else []),
            *([] if times is None else [times.note]),
            *([window_note(args)] if args.model else []),
        ],
    )
    if times is None:
        for precision, reason in reasons.items():
            say("skipped", id="benchmark:" + precision, reason=reason)
        for layer in runner.network.layers:
            say("layer", **layer)
        say("plan", steps=runner.plan(precisions))
    else:
        say("knobs", **times.offer())
        say("plan", steps=[])
    for line in sys.stdin:
        if not line.strip():
            continue
        request = json.loads(line)
        if request.get("do") == "stop":
            break
        if request.get("do") == "latency":
            tried(request["id"], lambda: latency(times, request))
        else:
            for step in request.get("ids", []):
                tried(step, lambda: runner.step(step, request.get("forMs", 200), request.get("cacheBytes", 0)))
    say("done")


def tried(step, work):
    """One step that fails leaves the others possible."""
    try:
        work()
        say("done", id=step)
    except Exception as cause:
        code = "outOfMemory" if "out of memory" in str(cause) else "failed"
        say("error", id=step, code=code, message=f"{type(cause).__name__}: {cause}")


def latency(times, request):
    if times is None:
        raise LookupError("this runner was not started for stage times (BITBENCH_WORKLOAD_STAGES=1)")
    times.measure(request["id"], request["knobs"], request.get("outputTokens", 0), request["repetitions"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entry", help="FILE.py:FUNCTION that builds the network")
    parser.add_argument("--model", help="name of a network of the transformers library")
    parser.add_argument("--dataset", help="of --model: TSV or JSONL with sentence and label, or text")
    parser.add_argument("--task", choices=("accuracy", "perplexity"), default="accuracy")
    parser.add_argument("--name", help="under which the tables are written")
    parser.add_argument("--device", default="")
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--window", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--types", help="JSON file: {regular expression of a layer's name: type}")
    parser.add_argument("--scratch", default=".")
    args = parser.parse_args()
    try:
        if bool(args.entry) == bool(args.model):
            raise ValueError("give either --entry FILE.py:FUNCTION or --model NAME --dataset FILE")
        global torch
        import torch

        args.device = args.device or ("cuda:0" if torch.cuda.is_available() else "cpu")
        args.overrides = {}
        if args.types:
            with open(args.types, encoding="utf-8") as source:
                args.overrides = json.load(source)
        if args.threads:
            torch.set_num_threads(args.threads)
        with torch.no_grad():
            serve(args)
    except Exception as cause:
        code = "unsupported" if isinstance(cause, ImportError) else "failed"
        say("error", code=code, message=f"{type(cause).__name__}: {cause}")
        sys.exit(1)


if __name__ == "__main__":
    main()
