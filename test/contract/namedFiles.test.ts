import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resourcePath } from '@main/paths'
import { pathFields } from '@main/wiring/hostPaths'
import { makeNamedPipe } from '../support/namedPipe'
import { serveHost, type ServedHost } from '../support/servedHost'

/**
 * A pipe or an endless device in every field of every command that names a file: the command or its job ends with an
 * error, and the host goes on. Opening a pipe as usual waits for its writer in one of the few threads of the process.
 */
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-named-'))
const boardId = 'virtual:high'
const shippedLm = {
  model: resourcePath('lm', 'glosses-260k.bin'),
  tokenizer: resourcePath('lm', 'glosses-260k.tok'),
  calibration: resourcePath('lm', 'glosses-260k-calibration.txt'),
  text: resourcePath('lm', 'glosses-260k-heldout.txt')
}
let host: ServedHost
let modelId: string
let array: string

/** Inputs per command, one for each of its fields, with the file in question at that place; `ending` fits the field. */
type Inputs = Readonly<Record<string, { endings: readonly string[]; of(bad: string): readonly object[] }>>
const loadedInto = (bad: string): object[] => [
  { id: boardId, file: { path: bad }, loader: 'monitor', address: 0x8100_0000 }
]
const lmFiles = (bad: string): object[] => [
  { model: bad },
  ...['tokenizer', 'calibration', 'text'].map((name) => ({ ...shippedLm, [name]: bad }))
]
const runners = (bad: string): object[] => [
  { kind: 'onnx', model: bad, dataset: bad },
  { kind: 'onnx', model: resourcePath('models', 'lenet5-fashion.onnx'), dataset: bad },
  { kind: 'onnx', model: 'gloss-classifier', types: bad },
  { kind: 'torch', model: 'gpt2', dataset: resourcePath('workloads', 'gloss-classifier.jsonl'), types: bad },
  { kind: 'torch', entry: `${bad}:build` }
]
const inputs: Inputs = {
  'board.bitstream': {
    endings: ['.bit'],
    of: (bad) => [{ file: { path: bad }, target: { kind: 'board', name: 'arty' } }]
  },
  'board.boot': {
    endings: ['.csv', '.json', '.dtb'],
    of: (bad) => [{ id: boardId, description: { path: bad } }]
  },
  'board.debugLoad': {
    endings: ['.elf'],
    of: (bad) => [{ route: { kind: 'gdb', server: '127.0.0.1:9' }, file: { path: bad } }]
  },
  'board.describe': { endings: ['.csv', '.json', '.dtb', '.dts'], of: (bad) => [{ file: { path: bad } }] },
  'board.load': { endings: ['.elf', '.bin'], of: loadedInto },
  'board.sendFile': { endings: ['.txt'], of: (bad) => [{ id: boardId, file: { path: bad } }] },
  'dataset.add': {
    endings: ['.csv', '.npy', '.npz', '.zip', '.json', '.tar.gz', '.wav'],
    of: (bad) => [{ path: bad, name: 'own' }]
  },
  'deploy.outputs': {
    endings: ['.onnx'],
    of: (bad) => [
      { file: bad, inputs: [{ name: null, file: array }], scheme: 'int8', output: null, boardId },
      {
        ...{ file: resourcePath('models', 'lenet5-fashion.onnx'), inputs: [{ name: null, file: bad }] },
        ...{ scheme: 'int8', output: null, boardId }
      }
    ]
  },
  'estimator.collect': {
    endings: ['.onnx'],
    of: (bad) =>
      runners(bad)
        .slice(0, 4)
        .map((runner) => ({ runner }))
  },
  'estimator.train': { endings: ['.csv', '.json', '.jsonl', '.parquet'], of: (bad) => [{ paths: [bad] }] },
  'estimator.transfer': {
    endings: ['.csv', '.json', '.parquet'],
    of: (bad) => [{ source: [bad], target: [bad] }]
  },
  'gpu.importRecording': { endings: ['.csv', '.json', '.parquet', '.txt'], of: (bad) => [{ file: bad }] },
  'lm.chat': {
    endings: ['.bin', '.json', '.onnx', '.safetensors'],
    of: (bad) =>
      lmFiles(bad)
        .map((files) => ({ files, boardId, prompt: 'Once', tokens: 1 }))
        .slice(0, 3)
  },
  'lm.info': {
    endings: ['.bin', '.json', '.onnx', '.safetensors'],
    of: (bad) =>
      lmFiles(bad)
        .map((files) => ({ files }))
        .slice(0, 2)
  },
  'lm.perplexity': {
    endings: ['.bin', '.txt'],
    of: (bad) => lmFiles(bad).map((files) => ({ files, schemes: ['w4a8'], documents: 2 }))
  },
  'lm.plan': {
    endings: ['.bin', '.json'],
    of: (bad) =>
      lmFiles(bad)
        .map((files) => ({ files, scheme: 'w4a8', boardId }))
        .slice(0, 3)
  },
  'model.check': { endings: ['.onnx', '.tflite'], of: (bad) => [{ path: bad }] },
  'model.open': { endings: ['.onnx', '.tflite', '.json'], of: (bad) => [{ path: bad }] },
  'profile.import': {
    endings: ['.csv'],
    of: (bad) => [{ file: { path: bad }, kernel: 'matmul', boardName: 'own' }]
  },
  'proxy.compare': {
    endings: ['.csv'],
    of: (bad) => [{ source: { kind: 'files', paths: [bad] }, kernel: 'matmul' }]
  },
  'proxy.fit': {
    endings: ['.csv'],
    of: (bad) => [{ source: { kind: 'files', paths: [bad] }, kernel: 'matmul' }]
  },
  'proxy.import': { endings: ['.csv'], of: (bad) => [{ paths: [bad], kernel: 'matmul' }] },
  'session.import': { endings: ['.bitbench'], of: (bad) => [{ file: bad }] },
  'session.info': { endings: ['.bitbench'], of: (bad) => [{ file: bad }] },
  'workload.start': {
    endings: ['.onnx'],
    of: (bad) => runners(bad).map((runner) => ({ runner, power: false, trials: 2, phaseMs: 10 }))
  }
}
/** Fields that nothing is read from. */
const notRead: Readonly<Record<string, string>> = {
  'app.saveSettings': 'a program that is started',
  'deploy.export': 'a folder that is written',
  'deploy.flash': 'a file that is written',
  'estimator.exportSamples': 'written to another file, then renamed',
  'gpu.exportRecording': 'written to another file, then renamed',
  'profile.export': 'written to another file, then renamed',
  'proxy.report': 'a folder that is written',
  'session.export': 'written to another file, then renamed',
  'shared.use': 'a folder: its files are checked before they are opened, see unit/main/shared',
  'workload.export': 'a folder that is written'
}

describe.runIf(process.platform === 'linux')('a pipe or a device where a file is named', () => {
  beforeAll(async () => {
    host = await serveHost(path.join(folder, 'data'))
    await host.call('board.connect', { id: boardId })
    modelId = (await host.call('model.list', {})).models[0]!.id
    expect(modelId).not.toBe('')
    array = path.join(folder, 'array.npy')
    writeFileSync(array, 'no array')
  })
  afterAll(async () => {
    await host.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is tried in every field there is', () => {
    expect([...Object.keys(inputs), ...Object.keys(notRead)].sort()).toEqual(Object.keys(pathFields).sort())
  })

  it.each(Object.entries(inputs))(
    '%s ends with an error',
    { timeout: 600_000 },
    async (name, { endings, of }) => {
      const files = endings.flatMap((ending) => {
        const pipe = path.join(folder, `${name}${ending}`)
        makeNamedPipe(pipe)
        const device = path.join(folder, `${name}-device${ending}`)
        symlinkSync('/dev/zero', device)
        return [pipe, device]
      })
      for (const bad of files)
        for (const input of of(bad))
          expect(await endOf(name, input, bad), `${name} ${JSON.stringify(input)}`).toBe('error')
      // More opens than the process has threads for files: the page, a file as well, still comes.
      const page = await fetch(`${host.origin}/`, { signal: AbortSignal.timeout(60_000) })
      expect(page.status).toBe(200)
      expect(host.child.exitCode).toBeNull()
    }
  )
})

/** An input that is refused for another reason, or a host that does not reply, would show nothing of the file. */
function errorAbout(bad: string, text: string): string {
  return text.includes(path.basename(bad)) ? 'error' : text
}

/** How a command, and its job where it starts one, ends. */
async function endOf(name: string, input: object, bad: string): Promise<string> {
  const started = await host.call(name as never, input as never, 60_000).catch((error: unknown) => error)
  if (started instanceof Error) {
    return errorAbout(bad, started.message)
  }
  const { jobId } = started as { jobId?: string }
  if (jobId === undefined) return 'done'
  type Job = { id: string; finishedAtMs: number | null; state: string }
  let end: Job | undefined
  await host.heardOf(({ event, payload }) => {
    const job = payload as Job
    if (event !== 'job.changed' || job.id !== jobId || job.finishedAtMs === null) return false
    end = job
    return true
  }, 300_000)
  return end?.state === 'failed' ? errorAbout(bad, JSON.stringify(end)) : `ended ${end?.state}`
}
