import { requireCounter } from '../../../core/board/boardInfo'
import { hostClockText, isTimedByHost } from '../../../core/board/hostClock'
import { formatBitPair } from '../../../shared/bitPair'
import { median } from '../../../core/math/median'
import { expectedChecksum } from '../../../core/profile/expectedChecksum'
import { shapeWork, type KernelShape } from '../../../core/kernel/shape'
import { bitWidths } from '../../../core/quant/scheme'
import type { PortSettingsChange } from '../../../shared/contract/board'
import type { BoardService, IdentifiedBoard } from '../../board/boardService'
import type { BoardSession } from '../../board/boardSession'
import { AppError } from '../../../shared/errors'
import { timeByHost } from '../../profile/hostClock'
import { throughBreaks } from '../../profile/throughBreaks'

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

/** How a kernel benchmark is run. */
export interface KernelBenchOptions {
  repetitions: number
  seed: number
  reference: boolean
  /** Of the line, where they differ from the board's own. */
  line?: PortSettingsChange
  signal: AbortSignal
  log: (line: string) => void
}

type BenchItem = KernelShape & Pick<MeasuredRow, 'activationBits' | 'weightBits'>

/** How long a board whose line was lost may stay away. */
const reconnectMs = 60_000

/**
 * Connects a board, runs the kernels at all bit pairs and the usual shapes, and disconnects it. When the line is lost, the rows
 * measured so far are kept and the rest follows once the board is back.
 */
export async function benchKernels(
  board: Pick<BoardService, 'connect' | 'disconnect' | 'identified' | 'withLease' | 'waitUntilConnected'>,
  boardId: string,
  options: KernelBenchOptions
): Promise<IdentifiedBoard & { rows: MeasuredRow[] }> {
  const { signal, log } = options
  const identified = await board.connect(boardId, options.line)
  if (!isTimedByHost(identified)) requireCounter(identified.name, identified.info)
  const items = usualShapes.flatMap((shape) =>
    bitWidths.flatMap((activationBits) =>
      bitWidths.map((weightBits): BenchItem => ({ ...shape, activationBits, weightBits }))
    )
  )
  const rows: MeasuredRow[] = []
  const measure = (): Promise<void> =>
    board.withLease(boardId, 'kernel benchmark', async (session) => {
      for (const item of items.slice(rows.length)) {
        log(`${item.kernel} ${shapeText(item)} ${formatBitPair(item.weightBits, item.activationBits)}`)
        rows.push(await measureRow(session, identified, item, options))
      }
    })
  const untilBack = async ({ message }: AppError): Promise<void> => {
    log(`${message} Waiting up to ${reconnectMs / 1000} s for the board to come back.`)
    await board.waitUntilConnected(boardId, reconnectMs, signal)
    requireSame(identified, board.identified(boardId))
  }
  await throughBreaks({ run: measure, done: () => rows.length, untilBack, signal })
  await board.disconnect(boardId)
  return { ...identified, rows }
}

async function measureRow(
  session: BoardSession,
  identified: IdentifiedBoard,
  item: BenchItem,
  { repetitions, seed, reference, signal }: KernelBenchOptions
): Promise<MeasuredRow> {
  const timed = isTimedByHost(identified)
    ? await timeByHost(
        session,
        { ...item, seed, reference },
        { clockHz: identified.info.clockHz ?? 0, nowMs: () => performance.now(), signal }
      )
    : null
  const result =
    timed === null
      ? await session.bench({ ...item, repetitions, seed, reference }, { signal })
      : { checksum: timed.checksum, cycles: [timed.cycles.mean], instructions: [] }
  const { macs } = shapeWork(item)
  return {
    kernel: item.kernel as MeasuredRow['kernel'],
    shape: shapeText(item),
    activationBits: item.activationBits,
    weightBits: item.weightBits,
    // QEMU's cycle counter counts instructions; it is not passed off as cycles.
    cyclesPerMac: identified.unit === 'cycles' ? perMac(result.cycles, macs) : null,
    instructionsPerMac: perMac(result.instructions, macs),
    verified: result.checksum === expectedChecksum(item, seed),
    ...(timed === null ? {} : { method: hostClockText(timed) })
  }
}

/** @throws board.wrongBoard */
function requireSame(begun: IdentifiedBoard, { name, info }: IdentifiedBoard): void {
  if (begun.info.buildId === info.buildId && begun.info.coreName === info.coreName) return
  throw new AppError(
    'board.wrongBoard',
    `Another board came back: the benchmark was begun on ${begun.info.coreName}, and ${name} is ${info.coreName} or runs another monitor.`,
    'Connect the board it was begun on and start the benchmark again.'
  )
}

/** As people write shapes: 16x64x256, or 16x16x16->32 3x3. */
function shapeText({ kernel, dims }: KernelShape): string {
  const [h, w, c, k, window] = dims
  return kernel === 'matmul' ? dims.join('x') : `${h}x${w}x${c}->${k} ${window}x${window}`
}

function perMac(values: readonly number[], macs: number): number | null {
  return values.length === 0 ? null : median(values) / macs
}
