import { expectedChecksum } from '../../core/profile/expectedChecksum'
import { shapeWork, type KernelShape } from '../../core/profile/kernelShape'
import { bitWidths } from '../../core/quant/scheme'
import { numberOption, textOption, UsageError, type CliNoun } from './framework'

/** The shapes the kernels are judged at, as in bench/kernels (docs/kernels.md). */
const usualShapes: readonly KernelShape[] = [
  { kernel: 'matmul', dims: [16, 64, 256] },
  { kernel: 'matmul', dims: [1, 128, 512] },
  { kernel: 'conv2d', dims: [16, 16, 16, 32, 3, 1, 1] }
]

interface BenchRow {
  kernel: KernelShape['kernel']
  shape: string
  activationBits: number
  weightBits: number
  cyclesPerMac: number | null
  instructionsPerMac: number | null
  /** True: the board's outputs have the checksum that the host computed from the same operands. */
  verified: boolean
}

export const benchCli: CliNoun = {
  noun: 'bench',
  summary: 'kernels on a board',
  verbs: {
    kernels: {
      summary: 'Runs matmul and conv2d at all 16 bit pairs on a board; cost per multiply-accumulate.',
      usage: '--board ID [--repetitions N] [--seed S] [--reference]',
      options: {
        board: { type: 'string', help: 'board id or serial port', default: 'virtual:small' },
        repetitions: { type: 'string', help: 'measured repetitions; the median counts', default: '2' },
        seed: { type: 'string', help: 'seed of the operands', default: '1' },
        reference: { type: 'boolean', help: 'the reference kernels instead of the fast ones' }
      },
      async run(args, context) {
        const boardId = textOption(args, 'board') ?? 'virtual:small'
        const repetitions = numberOption(args, 'repetitions', { min: 1, max: 64, integer: true }) ?? 2
        const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
        if (args.positionals.length > 0) throw new UsageError('bench kernels takes options only')
        const { board } = await context.bitbench()
        const { name, info, origin, unit } = await board.connect(boardId)
        const rows: BenchRow[] = []
        await board.withLease(boardId, 'kernel benchmark', async (session) => {
          for (const { kernel, dims } of usualShapes) {
            const shape = shapeOf({ kernel, dims })
            for (const activationBits of bitWidths) {
              for (const weightBits of bitWidths) {
                context.log(`${kernel} ${shape} a${activationBits}w${weightBits}`)
                const item = { kernel, dims, activationBits, weightBits }
                const result = await session.bench(
                  { ...item, repetitions, seed, reference: args.values['reference'] === true },
                  { signal: context.signal }
                )
                const { macs } = shapeWork({ kernel, dims })
                rows.push({
                  kernel,
                  shape,
                  activationBits,
                  weightBits,
                  // QEMU's cycle counter counts instructions; it is not passed off as cycles.
                  cyclesPerMac: unit === 'cycles' ? perMac(result.cycles, macs) : null,
                  instructionsPerMac: perMac(result.instructions, macs),
                  verified: result.checksum === expectedChecksum(item, seed)
                })
              }
            }
          }
        })
        await board.disconnect(boardId)
        const allVerified = rows.every((row) => row.verified)
        return {
          json: {
            board: { id: boardId, name, isa: info.isa, buildId: info.buildId },
            origin,
            seed,
            repetitions,
            rows
          },
          text: table(rows, `${name}, ${origin}${allVerified ? '' : '; WRONG RESULTS below'}`),
          exitCode: allVerified ? 0 : 1
        }
      }
    }
  }
}

/** As people write shapes: 16x64x256, or 16x16x16->32 3x3. */
function shapeOf({ kernel, dims }: KernelShape): string {
  const [h, w, c, k, window] = dims
  return kernel === 'matmul' ? dims.join('x') : `${h}x${w}x${c}->${k} ${window}x${window}`
}

function perMac(values: readonly number[], macs: number): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]! / macs
}

/** One block per shape: activation bits down, weight bits across; the counter the board counts truly. */
function table(rows: readonly BenchRow[], title: string): string {
  const lines = [title]
  for (const key of new Set(rows.map((row) => `${row.kernel} ${row.shape}`))) {
    const block = rows.filter((row) => `${row.kernel} ${row.shape}` === key)
    const counter = block[0]!.cyclesPerMac === null ? 'instructions' : 'cycles'
    lines.push(
      '',
      `${key}, ${counter} per MAC`,
      `      ${bitWidths.map((bits) => `w${bits}`.padStart(7)).join('')}`
    )
    for (const activationBits of bitWidths) {
      const cells = block
        .filter((row) => row.activationBits === activationBits)
        .map((row) => {
          const value = counter === 'cycles' ? row.cyclesPerMac : row.instructionsPerMac
          return `${row.verified ? '' : '!'}${value?.toFixed(2) ?? '–'}`.padStart(7)
        })
      lines.push(`  a${activationBits}  ${cells.join('')}`)
    }
  }
  return lines.join('\n')
}
