import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MonitorClient } from '../../src/core/board/monitorClient'
import { callRequest, generateSources } from '../../src/core/deploy/codegen/generateSources'
import { planDeployment } from '../../src/core/deploy/plan'
import { weightedLayerNames } from '../../src/core/model/graph'
import { measureActivationRanges } from '../../src/core/quant/quantize/calibration'
import { quantizeNetwork } from '../../src/core/quant/quantize/quantizeNetwork'
import { parseScheme, uniformScheme } from '../../src/core/quant/scheme'
import { argmax, codesOfPixels, runInteger } from '../../src/core/quant/integer/runInteger'
import { parseElf } from '../../src/core/binary/elf'
import { createMachine } from '../../src/core/sim/createMachine'
import { AppError } from '../../src/shared/errors'
import { resourceTexts, writeExportedC } from '../support/exportedC'
import { SimulatedBoard } from '../unit/core/board/simulatedBoard'
import { operatorChain, recurrences } from '../unit/core/quant/operatorGraphs'
import { everyOperator, everyPair } from '../unit/core/deploy/randomNetwork'

const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0
const hasHost = has('make', '--version') && has('cc', '--version')
const hasRiscv = hasHost && has('riscv64-unknown-elf-gcc', '--version')
if (!hasHost) console.warn('SKIPPED: make or cc is not here, the exported C is not built')
if (!hasRiscv)
  console.warn('SKIPPED: riscv64-unknown-elf-gcc is not here, the exported C is not built for RV32')

const board = new SimulatedBoard('small')
const client = new MonitorClient()
const info = board.converse(client.hello(7))
const imageCount = 3

/** Recurrences with weights of 8, 4, 2 and 1 bits, one of each. */
function quantizedRecurrences() {
  const chain = recurrences(4, 35)
  const graph = chain.done()
  const calibration = measureActivationRanges(graph, chain.pixels(8))
  const network = quantizeNetwork(calibration, parseScheme('w1a8,w4a8,w2a8,w8a8', weightedLayerNames(graph)))
  return { network, builder: { images: (count: number) => codesOfPixels(chain.pixels(count)) } }
}

/** A calibrated network that uses the operators without weights, in the form of the random ones. */
function quantizedChain() {
  const chain = operatorChain(3)
  const graph = chain.done()
  const calibration = measureActivationRanges(graph, chain.pixels(8))
  const network = quantizeNetwork(calibration, uniformScheme(weightedLayerNames(graph), 8, 8))
  return { network, builder: { images: (count: number) => codesOfPixels(chain.pixels(count)) } }
}

const networks = [
  { title: 'the operators without weights', made: quantizedChain() },
  { title: 'recurrences with weights of every width', made: quantizedRecurrences() },
  { title: 'every operator, a skip connection and padding', made: everyOperator(11) },
  { title: 'every pair of bit widths in conv, depthwise and dense, and a skip connection', made: everyPair() }
]

describe.each(networks)('exported C: $title', { timeout: 600_000 }, ({ made: { network, builder } }) => {
  const codes = builder.images(imageCount)
  const logits = runInteger(network, codes)
  const plan = planDeployment(network, info)
  const classes = Array.from({ length: imageCount }, (_, i) =>
    argmax(logits.subarray(i * network.outputCount, (i + 1) * network.outputCount))
  )
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bitbench-export-'))
    const check = { codes, logits, count: imageCount }
    writeExportedC(folder, network, plan, check)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const make = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('make', args, {
      cwd: folder,
      encoding: 'utf8',
      timeout: 300_000
    })
    expect(stderr, stdout).toBe('')
    expect(status).toBe(0)
    return stdout
  }

  it.skipIf(!hasHost)(
    'builds for this computer without a warning and computes what the host computed',
    () => {
      const lines = make('run').split('\n')
      const outputs = lines.filter((line) => line.startsWith('image '))
      expect(outputs).toHaveLength(imageCount)
      for (const [i, line] of outputs.entries()) {
        const row = [...logits.subarray(i * network.outputCount, (i + 1) * network.outputCount)]
        expect(line).toBe(`image ${i}: outputs ${row.join(' ')}, class ${classes[i]}, cycles unavailable`)
      }
      expect(lines).toContain(`equal to the host: ${imageCount} images`)
    }
  )

  it.skipIf(!hasRiscv)('builds for RV32 without a warning and runs bare on the virtual board', () => {
    make('rv32')
    const machine = createMachine({ board: 'small' })
    machine.loadElf(readFileSync(path.join(folder, 'network.elf')))
    machine.reset()
    let text = ''
    for (let stopped = false, budget = 200; !stopped && budget > 0; budget--) {
      stopped = machine.run(5_000_000).reason !== 'budget'
      text += new TextDecoder().decode(machine.uartTake())
    }
    expect(text).toContain(`equal to the host: ${imageCount} images`)
    expect(text).toMatch(/class \d+, cycles [1-9]\d+\n/)
  })

  it.skipIf(!hasRiscv)('is called by the monitor and answers like the Image', () => {
    make('rv32')
    const elf = parseElf(readFileSync(path.join(folder, 'callable.elf')))
    let end = 0
    for (const segment of elf.segments) {
      if (segment.data.length > 0) board.converse(client.upload(segment.address, segment.data))
      end = Math.max(end, segment.address + segment.memoryBytes)
    }
    const request = Math.ceil(end / 16) * 16
    const input = request + 16
    const output = Math.ceil((input + codes.length) / 16) * 16
    board.converse(client.upload(request, callRequest(input, output, imageCount)))
    board.converse(client.upload(input, new Uint8Array(codes.buffer, codes.byteOffset, codes.length)))
    const { returned, instructions } = board.converse(client.call(elf.entry, request, 0))
    expect(returned).toBe(0)
    expect(instructions).toBeGreaterThan(1000)
    const words = network.outputCount + 1
    const bytes = board.converse(client.read(output, imageCount * words * 4))
    const answered = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    for (let i = 0; i < imageCount; i++) {
      const expected = [
        ...logits.subarray(i * network.outputCount, (i + 1) * network.outputCount),
        classes[i]
      ]
      expect([...answered.subarray(i * words, (i + 1) * words)]).toEqual(expected)
    }
  })

  it('is refused when the plan was made for other weight layouts', () => {
    const foreign = { ...plan, layers: plan.layers.map((layer) => ({ ...layer, weightLayout: 0 })) }
    const check = { codes, logits, count: imageCount }
    const attempt = (): unknown => generateSources(network, foreign, { sources: resourceTexts(), check })
    expect(attempt).toThrow(AppError)
    expect(attempt).toThrow(/layout packed; the rv32im kernels read/)
  })

  it('names the file that is missing', () => {
    const sources = resourceTexts()
    sources.delete('kernels/matmul.c')
    const attempt = (): unknown =>
      generateSources(network, plan, { sources, check: { codes, logits, count: imageCount } })
    expect(attempt).toThrow('kernels/matmul.c is not among the sources.')
  })
})
