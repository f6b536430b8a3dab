import { Worker } from 'node:worker_threads'
import type { FlashChipName } from '../../../core/board/description/flashBoards'
import type { MachineConfig, CorePresetName } from '../../../core/sim/boards/presets'
import { AppError, type AppErrorJson } from '../../../shared/errors'
import { disconnected, type Link } from './link'
import { createLinkListeners } from './linkListeners'
import { trackLivedTime, type LivedReport, type LivedTime } from './livedTime'
import { trackVirtualBoard, type VirtualActivity } from './virtualActivity'

/** The virtual board: the simulator runs the very firmware binary in a worker thread behind a Link. */
export interface VirtualBoardOptions {
  /** A preset, or the LiteX SoC, which comes up in its BIOS and has no firmware. Default small. */
  preset?: CorePresetName | 'litex'
  /** A machine of its own instead of a preset. */
  machine?: MachineConfig | null
  /** Whether its core has the Zbb extension; default false. */
  zbb?: boolean
  /** The monitor as ELF, or flat for the start of RAM; null for the LiteX SoC. */
  firmware: Uint8Array | null
  /** A microcontroller that executes in place instead, with modem lines, and the file that keeps its flash; firmware: what it comes with. */
  flash?: VirtualBoardData['flash']
  /** Built virtualBoardWorker entry. */
  workerFile: string
  /** False: one cycle per instruction (faster). */
  cycleModel?: boolean
}

/** What the worker of a virtual board gets at its start. */
export interface VirtualBoardData {
  preset: CorePresetName | 'litex'
  machine: MachineConfig | null
  zbb: boolean
  firmware: Uint8Array | null
  flash: { chip: FlashChipName; file: string } | null
  cycleModel: boolean
}

/** Message to a virtual board. */
export type ToVirtualBoard = { bytes: Uint8Array } | { signals: { dtr?: boolean; rts?: boolean } }

/** Message from a virtual board. */
export type FromVirtualBoard =
  | { kind: 'ready'; isa: string; engine: string; clockHz: number }
  /** Whether it executes, its own time, and its energy beyond waiting since its start. */
  | ({ kind: 'activity'; totalJ: number } & LivedReport)
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'ended'; text: string }
  | { kind: 'failed'; error: AppErrorJson }

/** A worker that fails reports it; one that did neither within this time never will, on the busiest machine. */
const startTimeoutMs = 120_000

/** Starts a virtual board in a worker and returns its line. @throws AppError when it does not start */
export async function openVirtualLink(options: VirtualBoardOptions): Promise<Link> {
  const { preset = 'small', machine = null, zbb = false, firmware, workerFile } = options
  const { flash = null, cycleModel = true } = options
  const label = `virtual:${flash?.chip ?? machine?.name ?? preset}${zbb ? '-zbb' : ''}`
  const listeners = createLinkListeners()
  const workerData: VirtualBoardData = { preset, machine, zbb, firmware, flash, cycleModel }
  const worker = new Worker(workerFile, { workerData })
  const activity = trackVirtualBoard()
  const lived = trackLivedTime(() => performance.now())
  const exited = new Promise<void>((resolve) =>
    worker.once('exit', () => {
      activity.ended()
      resolve()
    })
  )

  await started(worker, label, listeners, { activity, lived })

  return {
    descriptor: { kind: 'virtual', label, port: null, baudRate: null, lossy: false },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes) {
      if (listeners.closed !== null) throw disconnected(label, listeners.closed)
      lived.sent()
      worker.postMessage({ bytes } satisfies ToVirtualBoard)
    },
    async setBaud() {},
    async setSignals(signals) {
      if (flash === null) return false
      if (listeners.closed !== null) throw disconnected(label, listeners.closed)
      lived.sent()
      worker.postMessage({ signals } satisfies ToVirtualBoard)
      return true
    },
    livedMs: lived.livedMs,
    async close() {
      listeners.end({ kind: 'asked', text: 'closed' })
      await worker.terminate()
      await exited
    }
  }
}

/** Resolves when the board runs; from then on its messages go to the listeners. @throws why it does not start */
function started(
  worker: Worker,
  label: string,
  listeners: ReturnType<typeof createLinkListeners>,
  trackers: { activity: VirtualActivity; lived: LivedTime }
): Promise<void> {
  const { activity, lived } = trackers
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      void worker.terminate()
      reject(
        new AppError('board.timeout', `${label} did not start.`, 'The machine may be overloaded; try again.')
      )
    }, startTimeoutMs)
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      act()
    }
    worker.on('message', (message: FromVirtualBoard) => {
      if (message.kind === 'bytes') listeners.data(message.bytes)
      else if (message.kind === 'activity') {
        lived.report(message)
        if (message.running) activity.executes(message.totalMs, message.totalJ)
        else activity.waits(message.totalMs, message.totalJ)
      } else if (message.kind === 'ready') settle(resolve)
      else if (message.kind === 'ended') listeners.end({ kind: 'ended', text: message.text })
      else {
        listeners.end({ kind: 'failed', text: message.error.message })
        settle(() => reject(AppError.from(message.error)))
      }
    })
    worker.on('error', (cause: Error) => {
      listeners.end({ kind: 'failed', text: cause.message })
      settle(() =>
        reject(
          new AppError(
            'board.faulted',
            `${label} could not be started: ${cause.message}`,
            'Run npm run build and try again.',
            {
              cause
            }
          )
        )
      )
    })
    worker.once('exit', () => listeners.end({ kind: 'ended', text: 'its simulator stopped' }))
  })
}
