import { execFile, spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { areaUnderCurve } from '../../src/core/dataset/metrics'
import { findGeneratedSet } from '../../src/core/dataset/generated/generatedSets'
import { MonitorClient } from '../../src/core/board/monitorClient'
import { planDeployment } from '../../src/core/deploy/plan'
import { isLast } from '../../src/core/quant/quantizedNetwork'
import { argmax, runInteger } from '../../src/core/quant/integer/runInteger'
import { createMachine } from '../../src/core/sim/createMachine'
import type { PerformanceResult } from '../../src/main/cli/board/mlperfPerformance'
import { makeItems } from '../../src/main/model/data/generatedItems'
import { writeExportedC } from '../support/exportedC'
import { createPtyPair, hasTool } from '../support/ptyPair'
import { SimulatedBoard } from '../unit/core/board/simulatedBoard'
import { everyOperator } from '../unit/core/deploy/randomNetwork'

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0
const hasHost = has('make') && has('cc')
const hasRiscv = hasHost && has('riscv64-unknown-elf-gcc')
if (!hasHost) console.warn('SKIPPED: make or cc is not here, the MLPerf Tiny program is not built')
if (!hasTool('socat')) console.warn('SKIPPED: socat is not here, MLPerf Tiny is not driven over a pty')
if (!hasRiscv)
  console.warn('SKIPPED: riscv64-unknown-elf-gcc is not here, the MLPerf Tiny program is not built for RV32')

const { network, builder } = everyOperator(11)
const codes = builder.images(2)
const logits = runInteger(network, codes)
const inputBytes = codes.length / 2
const outScale = network.layers.find(isLast)!.outScale
const board = new SimulatedBoard('small')
const plan = planDeployment(network, board.converse(new MonitorClient().hello(7)))
let folder = ''

const make = (...args: string[]): void => spawnedWell('make', args, folder)

function spawnedWell(program: string, args: string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 300_000 })
  expect(stderr, stdout).toBe('')
  expect(status).toBe(0)
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (image: number): Uint8Array =>
  Uint8Array.from(codes.subarray(image * inputBytes, (image + 1) * inputBytes), (code) => code + 128)

/** `db` commands of at most 31 bytes, as MLCommons' runner sends them. */
function loading(bytes: Uint8Array): string[] {
  const parts = Array.from({ length: Math.ceil(bytes.length / 31) }, (_, at) =>
    hexOf(bytes.subarray(at * 31, (at + 1) * 31))
  )
  return [`db load ${bytes.length}`, ...parts.map((part) => `db ${part}`)]
}

/** What the board says to each command, without "m-ready". */
type Converse = (commands: readonly string[]) => string[][]

const replies = (text: string): string[][] =>
  text
    .split('m-ready\r\n')
    .slice(1, -1)
    .map((reply) => reply.split('\r\n').filter((line) => line !== ''))

/** Outputs of an image as the protocol prints them. */
const resultsOf = (image: number): string => {
  const row = logits.subarray(image * network.outputCount, (image + 1) * network.outputCount)
  return `m-results-[${[...row].map((value) => (outScale * value).toFixed(6)).join(',')}]`
}

function speaksTheProtocol(converse: Converse): void {
  const [name, profile, ...rest] = converse([
    ...[
      'name',
      'profile',
      ...loading(bytesOf(0)),
      'infer 2 1',
      ...loading(bytesOf(1)),
      'infer 1 0',
      'results'
    ]
  ])
  expect(name).toEqual(['m-name-dut-[bitbench]'])
  expect(profile![0]).toBe('m-profile-[ULPMark for tinyML Firmware V0.0.1]')
  expect(profile![1]).toMatch(/^m-model-\[\w+\]$/)
  const commands = loading(bytesOf(0)).length
  expect(rest[0]).toEqual([`m-[Expecting ${inputBytes} bytes]`])
  expect(rest[commands - 1]).toEqual(['m-load-done'])
  const infer = rest[commands]!
  expect(infer[0]).toBe('m-warmup-start-1')
  expect(infer.slice(1, 3)).toEqual(['m-warmup-done', 'm-infer-start-2'])
  const laps = infer.filter((line) => line.startsWith('m-lap-us-')).map((line) => Number(line.slice(9)))
  expect(laps).toHaveLength(2)
  expect(laps[1]! - laps[0]!).toBeGreaterThan(0)
  expect(infer.slice(5)).toEqual(['m-infer-done', resultsOf(0)])
  expect(rest.at(-2)!.at(-1)).toBe(resultsOf(1))
  expect(rest.at(-1)).toEqual([resultsOf(1)])
}

describe.skipIf(!hasHost)('the network behind the protocol of MLPerf Tiny', { timeout: 600_000 }, () => {
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bitbench mlperf '))
    writeExportedC(folder, network, plan, { codes, logits, count: 2 })
    make('mlperf')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const onHost: Converse = (commands) => {
    const input = commands.map((command) => `${command}%`).join('')
    const { stdout, status } = spawnSync(path.join(folder, 'mlperf'), {
      input,
      encoding: 'utf8',
      timeout: 300_000
    })
    expect(status).toBe(0)
    return replies(stdout)
  }

  it('gives the outputs of the host on this computer', () => speaksTheProtocol(onHost))

  it('reads float32 inputs to the same codes', () => {
    const reals = Float32Array.from(
      codes.subarray(0, inputBytes),
      (code) => network.inputScale * (code + network.inputZero)
    )
    const all = onHost([...loading(new Uint8Array(reals.buffer)), 'db print', 'infer 1 0'])
    const bytes = all
      .at(-2)!
      .map((line) => line.replace('m-buffer-', '').replaceAll('-', ''))
      .join('')
    expect(bytes).toBe(hexOf(bytesOf(0)))
    expect(all.at(-1)!.at(-1)).toBe(resultsOf(0))
  })

  it('refuses what it cannot do by name and goes on', () => {
    const wrong = [
      '',
      'nonsense 1',
      'db',
      'db 00',
      'db load',
      'db load 7',
      'infer 1 0',
      'infer 0',
      'infer -1 0'
    ]
    const after = [`db load ${inputBytes}`, 'db 0', 'db xy', 'infer 1 0', 'x'.repeat(500), 'timestamp']
    const all = onHost([...wrong, ...after]).map(([line]) => line)
    expect(all).toEqual([
      'e-[Unknown command: ]',
      'e-[Unknown command: nonsense]',
      "e-[Command 'db' requires a subcommand]",
      "e-[Say 'db load' first]",
      "e-[Command 'db load' requires the # of bytes]",
      `e-[This network reads ${inputBytes} bytes, or ${4 * inputBytes} as float32]`,
      'e-[The input is not loaded]',
      'e-[Inference iterations must be >0, warmups >=0]',
      'e-[Inference iterations must be >0, warmups >=0]',
      `m-[Expecting ${inputBytes} bytes]`,
      'e-[Invalid or missing hex digit]',
      'e-[Invalid or missing hex digit]',
      'e-[The input is not loaded]',
      `e-[Unknown command: ${'x'.repeat(80)}]`,
      expect.stringMatching(/^m-lap-us-\d+$/)
    ])
  })

  it.skipIf(!hasRiscv)('gives the outputs of the host as RV32 machine code on the virtual board', () => {
    make('mlperf.elf', 'CLOCK_HZ=1000000')
    const machine = createMachine({ board: 'small' })
    machine.loadElf(readFileSync(path.join(folder, 'mlperf.elf')))
    machine.reset()
    speaksTheProtocol((commands) => {
      let text = ''
      const until = (ready: number): void => {
        for (let budget = 400; budget > 0 && text.split('m-ready\r\n').length - 1 < ready; budget--) {
          machine.run(200_000)
          text += new TextDecoder().decode(machine.uartTake())
        }
      }
      until(1)
      for (const [at, command] of commands.entries()) {
        machine.uartPush(new TextEncoder().encode(`${command}%`))
        until(at + 2)
      }
      return replies(text)
    })
  })

  it.skipIf(!hasTool('socat'))(
    'is driven by "board mlperf" over a pty: throughput and accuracy',
    async () => {
      const set = path.join(folder, 'test set')
      // Both images with the class that the host computes, and the second again with another: two of three are right.
      const classes = [0, 1].map((image) =>
        argmax(logits.subarray(image * network.outputCount, (image + 1) * network.outputCount))
      )
      const items = [
        { image: 0, label: classes[0]! },
        { image: 1, label: classes[1]! },
        { image: 1, label: (classes[1]! + 1) % network.outputCount }
      ]
      writeTestSet(
        set,
        network.outputCount,
        items.map(({ image, label }) => ({ bytes: bytesOf(image), label }))
      )
      const result = await drivenOverPty(folder, set)
      expect(result).toMatchObject({ name: 'bitbench', accuracy: { items: 3, right: 2 } })
      expectPerformance(result)
    }
  )
})

describe.skipIf(!hasHost || !hasTool('socat'))(
  'a network of MLPerf Tiny, exported',
  { timeout: 600_000 },
  () => {
    it('runs performance and accuracy over a pty: as many right as the host computes', async () => {
      const work = mkdtempSync(path.join(tmpdir(), 'bitbench ds-cnn '))
      try {
        const count = 12
        const out = path.join(work, 'program')
        await bitbench(work, [
          'deploy',
          'build',
          '--model',
          'ds-cnn-words',
          '--images',
          `${count}`,
          '--out',
          out
        ])
        spawnedWell('make', ['mlperf'], out)
        const source = readFileSync(path.join(out, 'images.c'), 'utf8')
        const [images, expected] = [arrayIn(source, 'images'), arrayIn(source, 'expected')]
        const set = findGeneratedSet('formant-words')!
        const { bytes, targets } = makeItems(set, 'test', count, null)
        // The program checks itself with the first items of the test split.
        expect(Buffer.from(images.map((code) => code + 128))).toEqual(Buffer.from(bytes))
        const classes = set.classNames.length
        expect(expected).toHaveLength(count * classes)
        const size = bytes.length / count
        const rightOf = (at: number): boolean =>
          argmax(Int32Array.from(expected.slice(at * classes, (at + 1) * classes))) === targets[at]
        const right = Array.from({ length: count }, (_, at) => rightOf(at)).filter(Boolean).length
        expect(right).toBeGreaterThan(count / 2)
        const folder = path.join(work, 'test set')
        writeTestSet(
          folder,
          classes,
          Array.from(targets, (label, at) => ({ bytes: bytes.subarray(at * size, (at + 1) * size), label }))
        )
        const result = await drivenOverPty(out, folder)
        expect(result).toMatchObject({ name: 'bitbench', accuracy: { items: count, right } })
        expectPerformance(result)
      } finally {
        rmSync(work, { recursive: true, force: true })
      }
    })

    it('gives one number an input for the autoencoder: the area under the curve that the host computes', async () => {
      const work = mkdtempSync(path.join(tmpdir(), 'bitbench ad '))
      try {
        const [count, out] = [10, path.join(work, 'program')]
        const build = ['deploy', 'build', '--model', 'autoencoder-hum', '--images', `${count}`, '--out', out]
        await bitbench(work, build)
        spawnedWell('make', ['mlperf', 'MLPERF_FLAGS=-DMLPERF_ANOMALY'], out)
        const set = findGeneratedSet('machine-hum')!
        const { bytes, targets } = makeItems(set, 'test', count, null)
        const size = bytes.length / count
        const item = (at: number): Uint8Array => bytes.subarray(at * size, (at + 1) * size)
        const source = readFileSync(path.join(out, 'images.c'), 'utf8')
        const expected = arrayIn(source, 'expected')
        const scaleText = /OUTPUT_SCALE (\S+)/.exec(readFileSync(path.join(out, 'mlperf.h'), 'utf8'))![1]!
        const distance = (at: number): number =>
          [...item(at)].reduce((sum, byte, k) => {
            const input = set.inputScale * (byte - 128 + set.inputZero)
            return sum + (Number(scaleText) * expected[at * size + k]! - input) ** 2
          }, 0) / size
        // Every file holds two inputs; its score is the mean of both.
        const pairs = Array.from({ length: count / 2 }, (_, at) => [at, at + count / 2] as const)
        const folder = path.join(work, 'test set')
        mkdirSync(folder)
        const lines = pairs.map((two, at) => {
          writeFileSync(path.join(folder, `${at}.bin`), Buffer.concat(two.map(item)))
          return `${at}.bin,2,${targets[two[0]]},${size},${size}`
        })
        writeFileSync(path.join(folder, 'y_labels.csv'), lines.join('\n'))
        const scores = pairs.map(([a, b]) => (distance(a) + distance(b)) / 2)
        const labels = pairs.map(([a]) => targets[a]!)
        const result = await drivenOverPty(out, folder)
        expect(result.accuracy).toEqual({ items: 5, auc: areaUnderCurve(scores, labels) })
        expectPerformance(result)
      } finally {
        rmSync(work, { recursive: true, force: true })
      }
    })
  }
)

/** Numbers of an array in generated C. */
function arrayIn(source: string, name: string): number[] {
  const body = new RegExp(` ${name}\\[[^=]*= *\\{([^}]*)\\}`).exec(source)![1]!
  return body
    .split(',')
    .filter((cell) => cell.trim() !== '')
    .map(Number)
}

/** A folder as MLPerf Tiny's test sets are: a file per item and y_labels.csv. */
function writeTestSet(
  set: string,
  classes: number,
  items: readonly { bytes: Uint8Array; label: number }[]
): void {
  mkdirSync(set)
  const lines = items.map(({ bytes, label }, at) => {
    writeFileSync(path.join(set, `${at}.bin`), bytes)
    return `${at}.bin,${classes},${label}`
  })
  writeFileSync(path.join(set, 'y_labels.csv'), lines.join('\r\n'))
}

/** What `board mlperf` reports of the program in a folder, over a pty. */
async function drivenOverPty(folder: string, set: string) {
  const pair = await createPtyPair()
  const line = openSync(pair.peer, constants.O_RDWR | constants.O_NOCTTY)
  const device = spawn(path.join(folder, 'mlperf'), { stdio: [line, line, 'ignore'] })
  closeSync(line)
  try {
    const words = ['board', 'mlperf', pair.port, '--data', set, '--window', '0.05', '--json']
    return JSON.parse(await bitbench(folder, words))
  } finally {
    device.kill('SIGKILL')
    await pair.unplug()
  }
}

/** Standard output of the command line, with a data folder below `folder`. */
async function bitbench(folder: string, words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['bin/bitbench.mjs', ...words], {
    env: { ...process.env, BITBENCH_DATA: path.join(folder, 'data') }
  })
  return stdout
}

function expectPerformance({ performance }: { performance: PerformanceResult }): void {
  expect(performance.windows).toHaveLength(5)
  const { elapsedUs, inferences } = performance.windows[0]!
  expect(elapsedUs).toBeGreaterThan(0)
  expect(inferences).toBeGreaterThan(0)
  expect(performance.inferencesPerS * performance.latencyUs).toBeCloseTo(1e6, 3)
}
