import { requireCounter } from '../../../core/board/boardInfo'
import { hostClockText, isTimedByHost } from '../../../core/board/hostClock'
import { formatBitPair } from '../../../shared/bitPair'
import { median } from '../../../core/math/median'
import { expectedChecksum } from '../../../core/profile/expectedChecksum'
import { shapeWork, type KernelShape } from '../../../core/kernel/shape'
import { bitWidths } from '../../../core/quant/scheme'
import type { PortSettingsChange } from '../../../shared/contract/board'
import type { BoardService, IdentifiedBoard } from '../../board/boardService'
import { timeByHost } from '../../profile/hostClock'

/** The shapes the kernels are judged at, as in bench/kernels (docs/kernels.md). */
const usualShapes: readonly KernelShape[] = [
  { kernel: 'matmul', dims: [16, 64, 256] },
  { kernel: 'matmul', dims: [1, 128, 512] },
  { kernel: 'conv2d', dims: [16, 16, 16, 32, 3, 1, 1] }
]

/** A kernel measured on a board, per multiply-accumulate. */
export interface MeasuredRow {
  kernel: 'matmul' | 'conv2d'
  shape: string
  activationBits: 8 | 4 | 2 | 1
  weightBits: 8 | 4 | 2 | 1
  cyclesPerMac: number | null
  instructionsPerMac: number | null
  /** True: the board's outputs have the checksum that the host computed from the same operands. */
  verified: boolean
  /** How, where no counter of the board was read: by the host's clock, with its interval. */
  method?: string
}

/** Connects a board, runs the kernels at all bit pairs and the usual shapes, and disconnects it. */
export async function benchKernels(
  board: BoardService,
  boardId: string,
  options: {
    repetitions: number
    seed: number
    reference: boolean
    /** Of the line, where they differ from the board's own. */
    line?: PortSettingsChange
    signal: AbortSignal
    log: (line: string) => void
  }
): Promise<IdentifiedBoard & { rows: MeasuredRow[] }> {
  const { repetitions, seed, reference, signal } = options
  const identified = await board.connect(boardId, options.line)
  const isTimed = isTimedByHost(identified)
  if (!isTimed) requireCounter(identified.name, identified.info)
  const rows: MeasuredRow[] = []
  await board.withLease(boardId, 'kernel benchmark', async (session) => {
    for (const shape of usualShapes) {
      for (const activationBits of bitWidths) {
        for (const weightBits of bitWidths) {
          options.log(`${shape.kernel} ${shapeText(shape)} ${formatBitPair(weightBits, activationBits)}`)
          const item = { ...shape, activationBits, weightBits }
          const timed = isTimed
            ? await timeByHost(
                session,
                { ...item, seed, reference },
                {
                  clockHz: identified.info.clockHz ?? 0,
                  nowMs: () => performance.now(),
                  signal
                }
              )
            : null
          const result =
            timed === null
              ? await session.bench({ ...item, repetitions, seed, reference }, { signal })
              : { checksum: timed.checksum, cycles: [timed.cycles.mean], instructions: [] }
          const { macs } = shapeWork(shape)
          rows.push({
            kernel: shape.kernel as MeasuredRow['kernel'],
            shape: shapeText(shape),
            activationBits,
            weightBits,
            // QEMU's cycle counter counts instructions; it is not passed off as cycles.
            cyclesPerMac: identified.unit === 'cycles' ? perMac(result.cycles, macs) : null,
            instructionsPerMac: perMac(result.instructions, macs),
            verified: result.checksum === expectedChecksum(item, seed),
            ...(timed === null ? {} : { method: hostClockText(timed) })
          })
        }
      }
    }
  })
  await board.disconnect(boardId)
  return { ...identified, rows }
}

/** As people write shapes: 16x64x256, or 16x16x16->32 3x3. */
function shapeText({ kernel, dims }: KernelShape): string {
  const [h, w, c, k, window] = dims
  return kernel === 'matmul' ? dims.join('x') : `${h}x${w}x${c}->${k} ${window}x${window}`
}

function perMac(values: readonly number[], macs: number): number | null {
  return values.length === 0 ? null : median(values) / macs
}
