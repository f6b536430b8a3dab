import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { knobGrid, spaceFillingConfigurations } from '@core/estimator/collect/knobGrid'
import { startRunner, type RunnerCommand, type RunnerProcess } from '@main/workload/process/runnerProcess'
import type { RunnerEvent, RunnerEventOf } from '@shared/contract/workload/workloadProtocol'

/** What every runner has to do, whatever it runs: the two shipped ones and the example of the guide. */
const root = path.resolve(import.meta.dirname, '../..')
const scratch = mkdtempSync(path.join(tmpdir(), 'bitbench-runner-'))
const python = ['python3', '/usr/bin/python3'].find(
  (file) => spawnSync(file, ['-c', 'import torch'], { timeout: 300_000 }).status === 0
)
const torchRunner = path.join(root, 'resources/runners/torch_runner.py')
const torchEntry = path.join(root, 'examples/workloads/torchEntry.py')
let bundled: string | undefined
afterAll(() => {
  if (bundled !== undefined) rmSync(bundled, { force: true })
  rmSync(scratch, { recursive: true, force: true })
})

async function onnxCommand(): Promise<RunnerCommand> {
  const { bundleTs } = (await import('../../scripts/runTs.mjs' as string)) as {
    bundleTs(entry: string): Promise<string>
  }
  bundled = await bundleTs(path.join(root, 'src/main/workloadRunner.ts'))
  const network = path.join(root, 'resources/workloads/gloss-classifier')
  const files = ['--model', `${network}.onnx`, '--data', `${network}.jsonl`]
  return {
    file: process.execPath,
    args: [bundled, ...files, '--samples', '16', '--scratch', scratch],
    env: {}
  }
}

const torchCommand = (...more: string[]): RunnerCommand => ({
  file: python ?? '',
  args: [torchRunner, '--threads', '1', '--scratch', scratch, ...more],
  env: { BITBENCH_WORKLOAD_SCRATCH: scratch }
})

const runners: readonly (readonly [name: string, command: () => Promise<RunnerCommand>, isThere: boolean])[] =
  [
    ['onnxruntime', onnxCommand, true],
    [
      'PyTorch (skipped: no Python with torch)',
      async () => torchCommand('--entry', `${torchEntry}:build`),
      python !== undefined
    ],
    [
      'the example of the guide',
      async () => ({
        file: process.execPath,
        args: [path.join(root, 'examples/workloads/anyRunner.mjs')],
        env: {}
      }),
      true
    ]
  ]

describe.each(runners.filter(([, , isThere]) => isThere))('workload runner: %s', (_name, command) => {
  let runner: RunnerProcess
  const greeting: RunnerEvent[] = []
  let plan: RunnerEventOf<'plan'>
  beforeAll(async () => {
    runner = startRunner(spawn, await command(), {
      onEvent: () => undefined,
      onOutput: () => undefined
    })
    plan = await runner.until((event) => {
      greeting.push(event)
      return event.event === 'plan' ? event : undefined
    }, 100_000)
  })
  afterAll(() => runner.stop())

  const step = async (id: string, forMs = 40): Promise<RunnerEvent[]> => {
    const events: RunnerEvent[] = []
    runner.send({ do: 'run', ids: [id], forMs })
    return await runner.until((event) => {
      events.push(event)
      return (event.event === 'done' || event.event === 'error') && event.id === id ? events : undefined
    }, 300_000)
  }
  const predicted = async (id: string) => {
    const found = (await step(id)).find((event) => event.event === 'predictions')!
    const values = found.values ?? [...new Float32Array(new Uint8Array(readFileSync(found.file!)).buffer)]
    expect(values).toHaveLength(found.rows * found.columns)
    return { ...found, values }
  }

  it('says who it is, its layers and its plan', () => {
    expect(greeting[0]).toMatchObject({ event: 'hello', protocol: 1 })
    const hello = greeting[0] as RunnerEventOf<'hello'>
    expect(hello.precisions).toContain('fp32')
    const layers = greeting.filter((event) => event.event === 'layer')
    expect(new Set(layers.map(({ id }) => id)).size).toBe(layers.length)
    for (const { sameAs } of layers) {
      if (sameAs !== undefined) expect(layers.find(({ id }) => id === sameAs)?.sameAs).toBeUndefined()
    }
    const ids = plan.steps.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(['benchmark:fp32', 'predictions:baseline']))
    for (const { id, kind } of plan.steps) expect(id.startsWith(`${kind}:`)).toBe(true)
    const measured = layers.filter(({ sameAs }) => sameAs === undefined).map(({ id }) => `layer:${id}`)
    expect(ids.filter((id) => id.startsWith('layer:')).sort()).toEqual(measured.sort())
  })

  it('loops a step for as long as it is asked, inside one phase with its repetitions', async () => {
    const layer = plan.steps.find(({ kind }) => kind === 'layer')!.id
    for (const id of ['benchmark:fp32', layer]) {
      const events = await step(id)
      expect(events.at(-1)).toEqual({ event: 'done', id })
      const phases = events.filter((event) => event.event === 'phase')
      expect(phases.map(({ name, state }) => [name, state])).toEqual([
        [id, 'begin'],
        [id, 'end']
      ])
      expect(phases[1]!.repetitions).toBeGreaterThanOrEqual(1)
      // Runners that say how many copies of its inputs a layer takes exceed the cache with them, or take all they may.
      const { copies, copiedBytes, cacheBytes } = phases[1]!
      if (id === layer && cacheBytes !== undefined) {
        expect(copiedBytes! > cacheBytes || copies! >= 64).toBe(true)
      }
      // A loop is planned from its warm-up: it may come out a little shorter than asked.
      expect((phases[1]!.ns! - phases[0]!.ns!) / 1e6).toBeGreaterThan(20)
    }
  })

  it('gives the weights of a precision', async () => {
    const weightsOf = async () => (await step('benchmark:fp32')).find((event) => event.event === 'weights')
    const weights = await weightsOf()
    if (weights !== undefined) expect(weights.bytes).toBeGreaterThan(0)
    // Each time: the trial in which it was said first may not count.
    expect(await weightsOf()).toEqual(weights)
  })

  it('predicts log-probabilities, the same each time, and others when a layer is ablated', async () => {
    const baseline = await predicted('predictions:baseline')
    expect(baseline.labels).toHaveLength(baseline.rows)
    for (let row = 0; row < Math.min(8, baseline.rows); row++) {
      const scores = baseline.values.slice(row * baseline.columns, (row + 1) * baseline.columns)
      expect(scores.reduce((sum, score) => sum + Math.exp(score), 0)).toBeCloseTo(1, 4)
    }
    expect((await predicted('predictions:baseline')).values).toEqual(baseline.values)
    const zero = plan.steps.map(({ id }) => id).filter((id) => id.startsWith('predictions:zero:'))
    const changed = await predicted(zero[zero.length - 1]!)
    const largest = Math.max(...changed.values.map((score, at) => Math.abs(score - baseline.values[at]!)))
    expect(largest).toBeGreaterThan(1e-3)
    // An ablation leaves nothing behind.
    expect((await predicted('predictions:baseline')).values).toEqual(baseline.values)
  })

  it('reports an unknown step as its error and goes on', async () => {
    const events = await step('predictions:nothing:nowhere')
    expect(events.at(-1)).toMatchObject({ event: 'error', id: 'predictions:nothing:nowhere' })
    expect((await step('predictions:baseline')).at(-1)!.event).toBe('done')
  })
})

/** Runners that measure stages: started for it, they print knobs and do the verb `latency`. */
const languageFiles = path.join(root, 'resources/workloads/gloss-language')
const stageRunners: readonly (readonly [string, () => Promise<RunnerCommand>, string[], boolean])[] = [
  [
    'onnxruntime, language model',
    async () => {
      const { args, ...rest } = await onnxCommand()
      const files = ['--model', `${languageFiles}.onnx`, '--data', `${languageFiles}.jsonl`]
      return { ...rest, args: [args[0]!, ...files, '--task', 'perplexity', '--scratch', scratch] }
    },
    ['prefill', 'decode'],
    true
  ],
  ['onnxruntime, classifier', onnxCommand, ['prefill'], true],
  [
    'PyTorch, language model',
    async () => torchCommand('--entry', `${torchEntry}:build_language`),
    ['prefill', 'decode'],
    python !== undefined
  ],
  [
    'PyTorch, classifier',
    async () => torchCommand('--entry', `${torchEntry}:build`),
    ['prefill'],
    python !== undefined
  ],
  [
    'the example of the guide',
    async () => ({
      file: process.execPath,
      args: [path.join(root, 'examples/workloads/stageRunner.mjs')],
      env: {}
    }),
    ['prefill', 'decode'],
    true
  ]
]

describe.each(stageRunners.filter(([, , , isThere]) => isThere))(
  'stage times: %s',
  (_name, command, stages) => {
    let runner: RunnerProcess
    const greeting: RunnerEvent[] = []
    beforeAll(async () => {
      const { env, ...rest } = await command()
      runner = startRunner(
        spawn,
        { ...rest, env: { ...env, BITBENCH_WORKLOAD_STAGES: '1' } },
        { onEvent: () => undefined, onOutput: () => undefined }
      )
      await runner.until((event) => {
        greeting.push(event)
        return event.event === 'plan' ? event : undefined
      }, 100_000)
    })
    afterAll(() => runner.stop())
    const measure = async (knobs: Record<string, number>, outputTokens: number | undefined, id: string) => {
      const events: RunnerEvent[] = []
      const tokens = outputTokens === undefined ? {} : { outputTokens }
      runner.send({ do: 'latency', id, knobs, repetitions: 3, ...tokens })
      return await runner.until((event) => {
        events.push(event)
        return (event.event === 'done' || event.event === 'error') && event.id === id ? events : undefined
      }, 300_000)
    }
    const offer = () => greeting.find((event) => event.event === 'knobs')!

    it('says which stages and knobs it has before its plan', () => {
      expect(greeting[0]).toMatchObject({ event: 'hello', protocol: 1 })
      expect(offer().stages).toEqual(stages)
      const names = offer().knobs.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      // The shipped networks are exported for 24 tokens, and shortened for shorter prompts.
      if (_name.startsWith('onnxruntime')) {
        const is = { min: 1, max: stages.includes('decode') ? 23 : 24 }
        expect(offer().knobs.find(({ name }) => name === 'promptTokens')?.is).toEqual(is)
      }
      expect(names.includes('outputTokens')).toBe(stages.includes('decode'))
      for (const { sumOf } of offer().limits) for (const name of sumOf) expect(names).toContain(name)
    })

    it('times every stage in every repetition, and every token', async () => {
      const grid = knobGrid(offer(), {})
      const [first, second] = spaceFillingConfigurations(grid, offer().limits, 2, 1)
      for (const [at, step] of [first!, second!].entries()) {
        const tokens = step.outputTokens ?? undefined
        const events = await measure(step.knobs as Record<string, number>, tokens, `one:${at}`)
        expect(events.at(-1)).toEqual({ event: 'done', id: `one:${at}` })
        const times = events.filter((event) => event.event === 'stages')
        expect(times).toHaveLength(3)
        for (const { id, stagesMs, decodePerTokenMs } of times) {
          expect(id).toBe(`one:${at}`)
          expect(Object.keys(stagesMs)).toEqual(stages.filter((stage) => stage !== 'decode'))
          if (stages.includes('decode')) expect(decodePerTokenMs).toHaveLength(step.outputTokens!)
          else expect(decodePerTokenMs).toBeUndefined()
        }
      }
    })

    it('reports a configuration that it does not offer and goes on', async () => {
      const tokens = stages.includes('decode') ? 2 : undefined
      const wrong = await measure({ promptTokens: 1_000_000 }, tokens, 'wrong')
      expect(wrong.at(-1)).toMatchObject({ event: 'error', id: 'wrong' })
      const [step] = spaceFillingConfigurations(knobGrid(offer(), {}), offer().limits, 1, 2)
      const knobs = step!.knobs as Record<string, number>
      const right = await measure(knobs, step!.outputTokens ?? undefined, 'right')
      expect(right.at(-1)).toEqual({ event: 'done', id: 'right' })
    })
  }
)

describe('the example of the guide', () => {
  it('is a complete runner in 30 lines', () => {
    const text = readFileSync(path.join(root, 'examples/workloads/anyRunner.mjs'), 'utf8')
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(30)
  })
})

describe('onnxruntime runner', () => {
  it('gives layers the types of a file, and the others their own', async () => {
    const types = path.join(scratch, 'onnxTypes.json')
    writeFileSync(types, '{"classifier": "head", "norm|ln": "other"}')
    const command = await onnxCommand()
    const events: RunnerEvent[] = []
    const runner = startRunner(
      spawn,
      { ...command, args: [...command.args, '--types', types] },
      { onEvent: () => undefined, onOutput: () => undefined }
    )
    await runner.until((event) => {
      events.push(event)
      return event.event === 'plan' ? event : undefined
    }, 100_000)
    await runner.stop()
    const found = events.flatMap((event) => (event.event === 'layer' ? [`${event.id} ${event.type}`] : []))
    expect(found.at(-1)).toMatch(/classifier head$/)
    expect(found.some((layer) => /(norm|ln)\w* other$/.test(layer))).toBe(true)
    expect(found.some((layer) => layer.endsWith(' embedding'))).toBe(true)
  })
})

describe.skipIf(python === undefined)('PyTorch runner', () => {
  const greet = (command: RunnerCommand) => {
    const runner = startRunner(spawn, command, { onEvent: () => undefined, onOutput: () => undefined })
    const events: RunnerEvent[] = []
    const plan = runner.until((event) => {
      events.push(event)
      return event.event === 'plan' ? event : undefined
    }, 100_000)
    return { runner, events, plan }
  }
  const entry = (text: string): string => {
    const file = path.join(scratch, `entry${Math.abs(text.length * 7919)}.py`)
    writeFileSync(file, text)
    return `${file}:build`
  }

  it('zeroes exactly one layer, and finds tied weights, repeated calls and overridden types', async () => {
    const types = path.join(scratch, 'types.json')
    writeFileSync(types, '{"^mix$": "attention"}')
    const spec = entry(`
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(6, 4)
        self.mix = nn.Linear(4, 4, bias=False)
        self.lm_head = nn.Linear(4, 6, bias=False)
        self.lm_head.weight = self.table.weight
        with torch.no_grad():
            self.table.weight.copy_(torch.arange(24.0).reshape(6, 4) / 24)
            self.mix.weight.copy_(torch.eye(4))
    def forward(self, x):
        return self.lm_head(self.mix(self.mix(self.table(x))))
def build(precision, device):
    x = torch.tensor([[0, 1, 2], [3, 4, 5]])
    return Net(), [(x, torch.cat([x[:, 1:], -torch.ones(2, 1, dtype=torch.long)], 1))], "perplexity"
`)
    const { runner, events, plan } = greet(torchCommand('--entry', spec, '--types', types, '--device', 'cpu'))
    await plan
    const layers = events.filter((event) => event.event === 'layer')
    expect(layers).toMatchObject([
      { id: 'table', type: 'embedding', parameters: 24, sharedWith: ['lm_head'], calls: 1 },
      { id: 'mix', type: 'attention', parameters: 16, sharedWith: [], macs: 96, calls: 2 },
      { id: 'lm_head', type: 'head', parameters: 0, sharedWith: ['table'], macs: 144 }
    ])
    runner.send({ do: 'run', ids: ['predictions:zero:mix', 'benchmark:fp32'], forMs: 10 })
    const seen = await runner.until((event) => {
      events.push(event)
      return event.event === 'done' && event.id === 'benchmark:fp32' ? events : undefined
    }, 300_000)
    const zero = seen.find((event) => event.event === 'predictions')!
    expect(zero).toMatchObject({
      rows: 6,
      columns: 6,
      labels: [1, 2, -1, 4, 5, -1],
      samples: [0, 0, 0, 1, 1, 1]
    })
    const values = new Float32Array(new Uint8Array(readFileSync(zero.file!)).buffer)
    // Nothing arrives at the head: all six words are equally likely.
    for (const value of values) expect(value).toBeCloseTo(-Math.log(6), 5)
    // Tied weights once: 24 + 16 numbers of 4 bytes.
    expect(seen.find((event) => event.event === 'weights')).toMatchObject({ precision: 'fp32', bytes: 160 })
    await runner.stop()
  })

  it.each([
    ['nn.Linear(3, 2)', 'returned Linear, not (module, batches, task)'],
    ['(nn.Linear, [], "accuracy")', 'returned type in place of a torch.nn.Module'],
    ['(nn.Linear(3, 2), [], "bleu")', "returned the task 'bleu'"]
  ])('says what build has to return where it returns %s', async (found, words) => {
    const spec = entry(`
from torch import nn
def build(precision, device):
    return ${found}
`)
    const { events, plan } = greet(torchCommand('--entry', spec, '--device', 'cpu'))
    await expect(plan).rejects.toThrow(words)
    expect(events.some(({ event }) => event === 'hello')).toBe(false)
  })

  it('knows the type of linear layers whose names say nothing', async () => {
    const spec = entry(`
import torch
from torch import nn
class Attn(nn.Module):
    def __init__(self):
        super().__init__()
        self.join = nn.Linear(4, 4)
        self.back = nn.Linear(4, 4)
    def forward(self, x):
        return self.back(torch.softmax(self.join(x), -1))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.start, self.mix, self.up, self.decide = nn.Linear(4, 4), Attn(), nn.Linear(4, 4), nn.Linear(4, 3)
    def forward(self, x):
        return self.decide(self.up(self.mix(self.start(x))))
def build(precision, device):
    return Net(), [(torch.ones(2, 4), torch.tensor([0, 1]))], "accuracy"
`)
    const { runner, events, plan } = greet(torchCommand('--entry', spec, '--device', 'cpu'))
    await plan
    const layers = events.filter((event) => event.event === 'layer')
    expect(layers.map(({ id, type }) => `${id} ${type}`)).toEqual([
      'start ffn',
      'mix.join attention',
      'mix.back attention',
      'up ffn',
      'decide classifier'
    ])
    await runner.stop()
  })

  it("times batches of the first one's size alone, and knows the Conv1D of the transformers library", async () => {
    const spec = entry(`
import torch
from torch import nn
class Conv1D(nn.Module):  # as transformers defines it: weights are [inputs, outputs]
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[127.0, 0.4], [0.4, 1.0]]))
    def forward(self, x):
        return x @ self.weight
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c_fc = Conv1D()
    def forward(self, x):
        return self.c_fc(x)
def build(precision, device):
    return Net(), [(torch.eye(2), torch.tensor([0, 1])), (torch.ones(1, 2), torch.tensor([0]))], "accuracy"
`)
    const { runner, events, plan } = greet(torchCommand('--entry', spec, '--device', 'cpu'))
    await plan
    expect(events.find((event) => event.event === 'layer')).toMatchObject({
      id: 'c_fc',
      type: 'ffn',
      calls: 1,
      macs: 8,
      inputShapes: [[2, 2]]
    })
    const ids = ['layer:c_fc', 'predictions:int8:c_fc']
    runner.send({ do: 'run', ids, forMs: 10 })
    const found = await runner.until(
      (event) => (event.event === 'predictions' && event.name === 'int8:c_fc' ? event : undefined),
      300_000
    )
    await runner.stop()
    expect(found.rows).toBe(3)
    const values = new Float32Array(new Uint8Array(readFileSync(found.file!)).buffer)
    // One scale per output column: 127 / 127 and 1 / 127. Input rows would keep 0.4 of the second column as 0 in the first row.
    const rounded = [
      [127, Math.round(0.4 * 127) / 127],
      [0, 1]
    ]
    for (const [row, [a, b]] of [...rounded, [127, 1 + Math.round(0.4 * 127) / 127]].entries()) {
      const sum = Math.log(Math.exp(a! - 127) + Math.exp(b! - 127)) + 127
      expect(values[2 * row]).toBeCloseTo(a! - sum, 3)
      expect(values[2 * row + 1]).toBeCloseTo(b! - sum, 3)
    }
  })

  it.each([
    { window: [], wanted: { shape: [1, 6], note: 'window and stride 6 tokens', refused: null } },
    {
      window: ['--window', '4'],
      wanted: { shape: [1, 4], note: 'window and stride 4 tokens', refused: null }
    },
    {
      window: ['--window', '7'],
      wanted: { shape: [], note: '', refused: /7 tokens is longer than the 6 positions/ }
    }
  ])(
    'cuts text into windows of as many tokens as a network by name has positions: $window',
    async (given) => {
      // What the runner uses of the library, for a network of 6 positions and 3 words; 13 tokens are two windows of 6 or three of 4.
      const folder = mkdtempSync(path.join(scratch, 'library-'))
      writeFileSync(
        path.join(folder, 'transformers.py'),
        `
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(3, 3)
    def forward(self, x):
        return self.wte(x)
class One:
    def __init__(self, **values):
        self.__dict__.update(values)
class AutoTokenizer:
    @staticmethod
    def from_pretrained(name):
        return lambda text, return_tensors: One(input_ids=torch.tensor([[int(c) for c in text.strip()]]))
class AutoConfig:
    @staticmethod
    def from_pretrained(name):
        return One(max_position_embeddings=6)
class AutoModelForCausalLM:
    @staticmethod
    def from_pretrained(name):
        return Net()
`
      )
      const text = path.join(folder, 'text.txt')
      writeFileSync(text, '0120120120120\n')
      const named = [
        '--model',
        'tiny',
        '--dataset',
        text,
        '--task',
        'perplexity',
        '--device',
        'cpu',
        ...given.window
      ]
      const command = torchCommand(...named)
      const { runner, events, plan } = greet({ ...command, env: { ...command.env, PYTHONPATH: folder } })
      const { shape, note, refused } = given.wanted
      if (refused !== null) {
        await expect(plan).rejects.toThrow(refused)
        return
      }
      await plan
      expect(events.find((event) => event.event === 'layer')).toMatchObject({ inputShapes: [shape] })
      expect(events.find((event) => event.event === 'hello')).toMatchObject({
        notes: expect.arrayContaining([note]) as unknown
      })
      await runner.stop()
    }
  )

  it('times a module with a config whose tokens have another name than input_ids', async () => {
    const spec = entry(`
import torch
from types import SimpleNamespace
class Net(torch.nn.Module):
    config = SimpleNamespace(max_position_embeddings=8)
    def forward(self, tokens):
        return torch.nn.functional.one_hot(tokens, 6).float()
def build(precision, device):
    x = torch.tensor([[0, 1, 2], [3, 4, 5]])
    return Net(), [(x, x)], "perplexity"
`)
    const command = torchCommand('--entry', spec, '--device', 'cpu')
    const { runner, events, plan } = greet({
      ...command,
      env: { ...command.env, BITBENCH_WORKLOAD_STAGES: '1' }
    })
    await plan
    expect(events.find((event) => event.event === 'knobs')).toMatchObject({ stages: ['prefill', 'decode'] })
    await runner.stop()
  })

  it('says what is wrong with an entry, and that transformers is missing', async () => {
    const broken = greet(torchCommand('--entry', entry('def build(precision, device):\n    return 1 / 0\n')))
    await expect(broken.plan).rejects.toMatchObject({ message: expect.stringContaining('ZeroDivisionError') })
    await broken.runner.stop()
    const text = 'def make(precision, device):\n    return 1\n'
    const misnamed = greet(torchCommand('--entry', entry(text)))
    await expect(misnamed.plan).rejects.toMatchObject({
      message: expect.stringContaining('has no function build; it defines make')
    })
    await misnamed.runner.stop()
    if (spawnSync(python!, ['-c', 'import transformers']).status === 0) return
    const hub = greet(torchCommand('--model', 'distilbert', '--dataset', torchEntry))
    await expect(hub.plan).rejects.toMatchObject({ message: expect.stringContaining('transformers') })
    await hub.runner.stop()
  })
})

it.skipIf(python === undefined)('PyTorch leaves no compiled files beside the file of a user', async () => {
  const folder = path.join(scratch, 'mine')
  cpSync(path.dirname(torchEntry), folder, { recursive: true })
  const before = readdirSync(folder)
  writeFileSync(path.join(folder, 'helper.py'), 'from torchEntry import build\n')
  const { env, ...rest } = torchCommand('--entry', `${path.join(folder, 'helper.py')}:build`)
  // An environment that forbids them to every Python would prove nothing; empty is as good as not set.
  const command = { ...rest, env: { ...env, PYTHONDONTWRITEBYTECODE: '' } }
  const runner = startRunner(spawn, command, { onEvent: () => undefined, onOutput: () => undefined })
  await runner.until((event) => (event.event === 'plan' ? event : undefined), 100_000)
  await runner.stop()
  expect(readdirSync(folder).sort()).toEqual([...before, 'helper.py'].sort())
})
