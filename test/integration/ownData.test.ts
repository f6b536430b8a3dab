import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import type { Graph } from '@core/model/graph'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { halvesNetwork, pictureNetwork, vectorNetwork } from '../support/ownNetworks'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench own däta '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const data = path.join(folder, 'data')
const run = promisify(execFile)

/** The command line as a user calls it; its JSON. */
async function bitbench(...argv: string[]): Promise<Record<string, never>> {
  const { stdout } = await run(process.execPath, ['bin/bitbench.mjs', ...argv, '--json', '--data', data], {
    maxBuffer: 64 * 2 ** 20
  }).catch((reason: { stdout?: string; stderr?: string }) => {
    // A refusal is one JSON document too.
    if (reason.stdout?.startsWith('{') === true) return { stdout: reason.stdout }
    throw new Error(`${argv.join(' ')}: ${reason.stderr}`)
  })
  return JSON.parse(stdout) as Record<string, never>
}

function write(name: string, graph: Graph): string {
  const file = path.join(folder, `${name}.onnx`)
  writeFileSync(file, encodeOnnx(exportOnnx(graph)))
  return file
}

const steps = 240_000

describe('a network and data of one’s own', () => {
  it(
    'of pictures go from files to a board, bit for bit',
    async () => {
      const file = write('halves', halvesNetwork())
      const set = await bitbench('dataset', 'add', 'test/fixtures/datasets/pictures', '--name', 'halves')
      expect(set).toMatchObject({ items: 80, skipped: { count: 1 }, shape: [8, 8, 3] })
      const evaluate = (scheme: string) =>
        bitbench('model', 'evaluate', file, '--dataset', 'halves', '--scheme', scheme, '--split', 'test')
      expect(await evaluate('float')).toMatchObject({
        images: 40,
        correct: 40,
        accuracy: 1,
        dataSet: 'halves'
      })
      expect(await evaluate('int8')).toMatchObject({ correct: 40, cached: false })
      // Another process knows the result.
      expect(await evaluate('int8')).toMatchObject({ correct: 40, cached: true })
      const found = await bitbench(
        'search',
        'run',
        '--model',
        file,
        '--dataset',
        'halves',
        '--cost',
        'bops',
        '--budget-ratio',
        '0.6',
        '--evaluations',
        '4'
      )
      expect(found).toMatchObject({ dataSet: 'halves', budgetFeasible: true })
      expect(found['bestCost']).toBeLessThanOrEqual((found['costs'] as { budget: number }[])[0]!.budget)
      expect((found['test'] as { best: number }).best).toBeGreaterThanOrEqual(0.9)
      const scheme = (found['scheme'] as { weightBits: number; activationBits: number }[])
        .map(({ weightBits, activationBits }) => `w${weightBits}a${activationBits}`)
        .join(',')
      const deployed = await bitbench(
        'deploy',
        'run',
        '--board',
        'virtual:small',
        '--model',
        file,
        '--scheme',
        scheme,
        '--images',
        '20'
      )
      expect(deployed).toMatchObject({ state: 'done', bitExact: true, imagesDone: 20 })
      expect(deployed['boardAccuracy']).toBe(deployed['hostAccuracy'])
      expect(deployed['boardAccuracy']).toBeGreaterThanOrEqual(0.9)
      const kept = await bitbench('model', 'results', file)
      expect((kept as unknown as unknown[]).length).toBeGreaterThanOrEqual(6)
      expect((await bitbench('model', 'results', file, '--clear'))['cleared']).toBe(
        (kept as unknown as unknown[]).length
      )
      expect(await evaluate('int8')).toMatchObject({ cached: false })
    },
    steps
  )

  it(
    'are judged and searched while a window is open on the data folder, which computes',
    async () => {
      const file = write('open', halvesNetwork())
      await bitbench('dataset', 'add', 'test/fixtures/datasets/pictures', '--name', 'open')
      const window = spawn(process.execPath, ['bin/bitbench.mjs', 'serve', '--data', data], {
        stdio: ['ignore', 'pipe', 'ignore']
      })
      try {
        await new Promise<void>((resolve, reject) => {
          window.stdout.on('data', (chunk: Buffer) => void (chunk.includes('#token=') && resolve()))
          window.once('exit', () => reject(new Error('serve ended')))
        })
        const evaluate = (scheme: string) =>
          bitbench('model', 'evaluate', file, '--dataset', 'open', '--scheme', scheme)
        expect(await evaluate('w8a4')).toMatchObject({ images: 40, dataSet: 'open', cached: false })
        expect(await evaluate('w8a4')).toMatchObject({ images: 40, cached: true })
        expect(await evaluate('float')).toMatchObject({ correct: 40, accuracy: 1 })
        const { search } = (await bitbench(
          ...['search', 'run', '--keep', '--model', file, '--dataset', 'open'],
          ...['--cost', 'bops', '--budget-ratio', '0.6', '--evaluations', '4']
        )) as Record<string, { state: string; dataSetName?: string; best: unknown }>
        expect(search).toMatchObject({ state: 'done', best: { accuracy: expect.any(Number) } })
        const refused = await bitbench('model', 'evaluate', file, '--dataset', 'nope')
        expect(refused['error']).toMatchObject({ message: 'There is no data set "nope".' })
      } finally {
        const ended = new Promise((resolve) => window.once('exit', resolve))
        window.kill('SIGTERM')
        await ended
      }
    },
    steps
  )

  it(
    'of vectors without labels are compared with the float network',
    async () => {
      const file = write('vector', vectorNetwork(14, 8, 3))
      await bitbench('dataset', 'add', 'test/fixtures/datasets/vectors.npy', '--name', 'vectors')
      const float = await bitbench('model', 'evaluate', file, '--dataset', 'vectors', '--scheme', 'float')
      expect(float).toMatchObject({ accuracy: 1, metrics: { agreement: 1, mse: 0, kl: 0 } })
      const int8 = await bitbench('model', 'evaluate', file, '--dataset', 'vectors')
      expect(int8['accuracy']).toBeGreaterThanOrEqual(0.9)
      expect((int8['metrics'] as { mse: number }).mse).toBeLessThan(0.05)
      const found = await bitbench(
        'search',
        'run',
        '--model',
        file,
        '--dataset',
        'vectors',
        '--cost',
        'size',
        '--evaluations',
        '4'
      )
      expect((found['trace'] as unknown[]).length).toBe(4)
      const deployed = await bitbench(
        'deploy',
        'run',
        '--board',
        'virtual:small',
        '--model',
        file,
        '--images',
        '12'
      )
      expect(deployed).toMatchObject({ bitExact: true })
      expect(deployed['boardAccuracy']).toBeGreaterThanOrEqual(0.9)
    },
    steps
  )

  it(
    'that do not fit each other are refused with the reason',
    async () => {
      const refuse = async (graph: Graph): Promise<{ code: string; message: string }> => {
        const reply = await bitbench('model', 'evaluate', write('other', graph), '--dataset', 'halves')
        return reply['error'] as unknown as { code: string; message: string }
      }
      const classes = await refuse(pictureNetwork(3, 8, 5))
      expect(classes.code).toBe('model.unsupportedShape')
      expect(classes.message).toContain('5 outputs')
      expect((await refuse(pictureNetwork(1, 14, 2))).message).toContain('14 x 14 x 1')
      const unknown = await bitbench(
        'model',
        'evaluate',
        write('other', halvesNetwork()),
        '--dataset',
        'none'
      )
      expect((unknown['error'] as unknown as { code: string }).code).toBe('input.notFound')
    },
    steps
  )
})
