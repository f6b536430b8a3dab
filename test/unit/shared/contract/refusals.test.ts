import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { commands, events } from '@shared/contract'

type Name = keyof typeof commands
const names = Object.keys(commands) as Name[]

/** Fields of an input or output that is an object, with the schema of each. */
const fieldsOf = (schema: z.ZodType): [string, z.ZodType][] =>
  schema instanceof z.ZodObject ? Object.entries(schema.shape as Record<string, z.ZodType>) : []
/** What stands at the top of the paths of all refusals. */
const refusedAt = (schema: z.ZodType, value: unknown): PropertyKey[] =>
  (schema.safeParse(value).error?.issues ?? []).map(({ path }) => path[0] ?? '')
/** A value of no kind that JSON has: only a schema that checks nothing takes it. */
const nothingKnown = Symbol('nothing known')

describe('every command', () => {
  it.each(names)('%s: takes an object and nothing else', (name) => {
    for (const value of [undefined, null, 'text', 7, true, [], [{}]])
      expect(commands[name].in.safeParse(value).success, String(value)).toBe(false)
  })

  it('checks each field of its input and of its output', () => {
    const unchecked = names.flatMap((name) =>
      (['in', 'out'] as const).flatMap((side) =>
        fieldsOf(commands[name][side])
          .filter(
            ([field, schema]) => !refusedAt(z.object({ [field]: schema }), { [field]: nothingKnown }).length
          )
          .map(([field]) => `${name} ${side} ${field}`)
      )
    )
    expect(unchecked).toEqual([])
    expect(names.length).toBeGreaterThan(150)
  })

  it('refuses numbers that are none', () => {
    const taken = names.flatMap((name) =>
      fieldsOf(commands[name].in)
        .filter(([, schema]) => schema.safeParse(NaN).success || schema.safeParse(Infinity).success)
        .map(([field]) => `${name} ${field}`)
    )
    expect(taken).toEqual([])
  })

  it('passes on no field that it does not know', () => {
    const leaking = names.filter((name) => {
      const parsed = commands[name].in.safeParse({ ...exampleOf[name], notInTheContract: 1 })
      return parsed.success && 'notInTheContract' in (parsed.data as object)
    })
    expect(leaking).toEqual([])
  })
})

describe('every event', () => {
  it.each(Object.keys(events) as (keyof typeof events)[])('%s: refuses what is no payload', (name) => {
    for (const value of [undefined, nothingKnown, 7])
      expect(events[name].safeParse(value).success).toBe(false)
  })
})

/** An input that each of these commands takes. */
const exampleOf: Partial<Record<Name, object>> = {
  'app.saveSettings': { workers: 2 },
  'board.bitstream': {
    file: { path: '/a.bit' },
    target: { kind: 'board', name: 'arty' },
    id: 'b',
    then: { file: { path: '/a.bin' } }
  },
  'board.debugLoad': { route: { kind: 'gdb', server: 'host:3333' }, file: { path: '/a.elf' } },
  'board.detectFpga': { target: { kind: 'xvc', server: 'host:2542' } },
  'dataset.add': { path: '/d.csv', name: 'd' },
  'deploy.run': { modelId: 'm', boardId: 'b', scheme: [{ layer: 'fc', weightBits: 8, activationBits: 8 }] },
  'energy.report': { recordingId: 'r' },
  'energy.stretch': { recordingId: 'r', gpuIndex: 0, fromMs: 0, toMs: 1 },
  'estimator.predict': { id: 'e', configurations: [{ knobs: { batch: 1 } }] },
  'gpu.history': { gpuIndex: 0, metric: 'powerW' },
  'gpu.record': { command: ['true'] },
  'gpu.startSampling': { intervalMs: 100 },
  'job.log': { id: 'j' },
  'lab.connect': { coordinator: 'host' },
  'lab.release': { place: 'p', holder: 'h' },
  'lm.chat': {
    files: { model: 'glosses-260k' },
    ...{ scheme: 'w8a8', boardId: 'b', prompt: '', tokens: 8 }
  },
  'lm.perplexity': { files: { model: 'glosses-260k' }, schemes: ['w8a8'], documents: 10 },
  'profile.run': { boardId: 'b' },
  'proxy.fit': { source: { kind: 'board', boardId: 'b' }, kernel: 'matmul' },
  'proxy.import': { paths: ['/a.csv'], kernel: 'matmul' },
  'proxy.predict': { id: 'p', layers: [{ dims: [1, 2, 3], activationBits: 8, weightBits: 8 }] },
  'remote.saveHost': { name: 'gpu1', prefix: ['ssh', 'gpu1'] },
  'run.annotate': { id: 'r', tags: ['good'] },
  'run.mark': { id: 'r', markers: [{ atMs: 1, text: 'here' }] },
  'run.rename': { id: 'r', name: 'n' },
  'search.start': { modelId: 'm' },
  'session.export': { file: '/s.zip' },
  'worker.connect': { address: 'redis://host', caFile: null },
  'workload.start': { runner: { kind: 'onnx', model: 'gloss-classifier' } }
}

describe('a command', () => {
  it.each(Object.keys(exampleOf) as Name[])('%s takes its example', (name) => {
    expect(commands[name].in.safeParse(exampleOf[name]).error?.issues ?? []).toEqual([])
  })

  it.each<[Name, object]>([
    ['app.saveSettings', { workers: 0 }],
    ['app.saveSettings', { workers: 1.5 }],
    ['app.saveSettings', { theme: 'pink' }],
    ['board.bitstream', { target: { kind: 'board', name: '--help' } }],
    ['board.bitstream', { target: { kind: 'cable', name: 'a b' } }],
    ['board.bitstream', { part: 'xc7;rm' }],
    ['board.bitstream', { memory: 'disk' }],
    // A program that follows needs a line to carry it over.
    ['board.bitstream', { id: null }],
    ['board.debugLoad', { address: 0x1_0000_0000 }],
    ['board.debugLoad', { address: -1 }],
    ['board.debugLoad', { route: { kind: 'gdb', server: '-oProxyCommand=x:1' } }],
    ['board.debugLoad', { route: { kind: 'gdb', server: 'host' } }],
    ['board.debugLoad', { route: { kind: 'openocd', configs: [] } }],
    ['board.debugLoad', { file: { path: '' } }],
    ['board.detectFpga', { target: { kind: 'xvc', server: 'host:1234567' } }],
    ['board.detectFpga', { target: { kind: 'jtag', name: 'x' } }],
    ['dataset.add', { path: '' }],
    ['dataset.add', { name: '../other' }],
    ['dataset.add', { name: 'x'.repeat(61) }],
    ['deploy.run', { images: 0 }],
    ['deploy.run', { images: 10_001 }],
    ['deploy.run', { scheme: 'w8a8' }],
    ['energy.report', { confidence: 1 }],
    ['energy.report', { confidence: 0.4 }],
    ['energy.stretch', { gpuIndex: 0.5 }],
    ['energy.stretch', { toMs: Infinity }],
    ['estimator.predict', { configurations: [] }],
    ['estimator.predict', { level: 1 }],
    ['gpu.history', { metric: 'volts' }],
    ['gpu.history', { buckets: 0 }],
    ['gpu.history', { lastMs: 0 }],
    ['gpu.record', { durationMs: -1 }],
    ['gpu.record', { idleMs: 600_001 }],
    ['gpu.record', { lockClockMhz: 0 }],
    ['gpu.startSampling', { intervalMs: 9 }],
    ['gpu.startSampling', { gpuIndexes: [-1] }],
    ['job.log', { id: 7 }],
    ['lab.connect', { coordinator: '' }],
    ['lab.connect', { coordinator: 'x'.repeat(301) }],
    ['lab.release', { holder: '' }],
    ['lm.chat', { tokens: 0 }],
    ['lm.perplexity', { documents: 1 }],
    ['lm.perplexity', { schemes: [] }],
    ['profile.run', { boardId: '' }],
    ['profile.run', { repetitions: 0 }],
    ['profile.run', { pairs: [{ activationBits: 9, weightBits: 1 }] }],
    ['proxy.fit', { kernel: 'nothing' }],
    ['proxy.fit', { source: { kind: 'files', boardId: 'b' } }],
    ['proxy.fit', { estimator: 'oracle' }],
    ['proxy.predict', { level: 0.3 }],
    ['proxy.import', { kernel: 'conv9d' }],
    ['remote.saveHost', { name: '-x' }],
    ['remote.saveHost', { name: 'a/b' }],
    ['remote.saveHost', { prefix: [] }],
    ['remote.saveHost', { shells: 4 }],
    ['run.annotate', { tags: [' '] }],
    ['run.annotate', { tags: ['x'.repeat(41)] }],
    ['run.annotate', { notes: 'x'.repeat(20_001) }],
    ['run.mark', { markers: [{ atMs: -1, text: '' }] }],
    ['run.mark', { markers: [{ atMs: 0, text: 'x'.repeat(501) }] }],
    ['run.rename', { name: 'x'.repeat(201) }],
    ['run.rename', { id: '' }],
    ['search.start', { budgetRatio: 0 }],
    ['search.start', { budgetRatio: 1.01 }],
    ['search.start', { evaluations: 1 }],
    ['search.start', { batch: 65 }],
    ['search.start', { retrainTop: 11 }],
    ['search.start', { strategy: 'luck' }],
    ['search.start', { alsoWithin: Array.from({ length: 6 }, () => ({ cost: 'size', ratio: 1 })) }],
    ['session.export', { file: '' }],
    ['session.export', { runIds: [''] }],
    ['worker.connect', { address: '' }],
    ['worker.connect', { address: 'x'.repeat(2001) }],
    ['workload.start', { runner: { kind: 'shell', command: 'ls' } }],
    ['workload.start', { runner: { kind: 'command', command: [] } }]
  ])('%s refuses %j, and says where', (name, changes) => {
    const at = refusedAt(commands[name].in, { ...exampleOf[name], ...changes })
    expect(at).toContain(Object.keys(changes)[0])
  })
})
