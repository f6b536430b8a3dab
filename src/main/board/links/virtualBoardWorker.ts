import { formatHex } from '../../../shared/units'
import { parentPort, workerData } from 'node:worker_threads'
import { isElf } from '../../../core/binary/elf'
import { createMachine } from '../../../core/sim/createMachine'
import { flashOf } from '../../../core/board/description/flashBoards'
import { createFlashChip, type RunningBoard } from '../../../core/sim/boards/flashChip'
import { ramBase } from '../../../core/sim/machine'
import { litexBoard } from '../../../core/sim/boards/litexBoard'
import { corePresets } from '../../../core/sim/boards/presets'
import { AppError } from '../../../shared/errors'
import { readKeptFlash, writeKeptFlash } from './keptFlash'
import type { FromVirtualBoard, ToVirtualBoard, VirtualBoardData } from './virtualLink'

/**
 * Worker thread entry: one virtual board. Runs the machine in slices; between them it lets messages in and hands out
 * what the UART sent. While the guest polls an empty UART the thread sleeps instead of burning a core.
 */
const port = parentPort
if (port === null) throw new Error('virtualBoardWorker must run as a worker thread')

/** A slice aims at this long: short enough that received bytes do not wait, long enough that messages cost nothing. */
const sliceMs = 8
const minSlice = 20_000
const maxSlice = 20_000_000
/** How often a waiting BIOS looks at its clock: it gives up on a host after 250 ms. */
const biosTickMs = 100

const data = workerData as VirtualBoardData
const send = (message: FromVirtualBoard): void => port.postMessage(message)
const waiting: ToVirtualBoard[] = []
let wake: (() => void) | undefined
let heard = 0

port.on('message', (message: ToVirtualBoard) => {
  heard++
  waiting.push(message)
  wake?.()
})

run().catch((error: unknown) => {
  send({ kind: 'failed', error: AppError.from(error).toJSON() })
  port.close()
})

async function run(): Promise<void> {
  const machine = data.flash === null ? createPlainBoard() : createChip(data.flash)
  send({ kind: 'ready', isa: machine.isa, engine: machine.engine, clockHz: machine.config.clockHz })
  let slice = 200_000
  const active = (running: boolean): void =>
    send({
      kind: 'activity',
      running,
      heard,
      totalMs: (machine.cycles() * 1000) / machine.config.clockHz,
      totalJ: machine.energyJ()
    })
  for (;;) {
    passBytes(machine)
    const startMs = performance.now()
    const { reason, executed } = machine.run(slice)
    const bytes = machine.uartTake()
    // Before the bytes: whoever gets them sees the time at which they came.
    if (bytes.length > 0 || reason === 'budget') active(true)
    if (bytes.length > 0) send({ kind: 'bytes', bytes })
    if (reason === 'powerOff' || reason === 'lockup') {
      send({
        kind: 'ended',
        text: reason === 'powerOff' ? 'the board switched itself off' : describeLockup(machine)
      })
      return port?.close()
    }
    if (reason === 'reset') machine.reset()
    if (reason === 'idle' && waiting.length === 0) {
      active(false)
      await untilWoken(machine)
      active(true)
      continue
    }
    const tookMs = performance.now() - startMs
    // Only a full slice measures the speed.
    if (executed === slice && tookMs > 0) {
      slice = Math.min(maxSlice, Math.max(minSlice, Math.round((slice * sliceMs) / tookMs)))
    }
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

function createPlainBoard(): RunningBoard {
  const machine = createMachine({
    board:
      data.machine ?? (data.preset === 'litex' ? litexBoard : { ...corePresets[data.preset], zbb: data.zbb }),
    cycleModel: data.cycleModel
  })
  if (data.firmware !== null) {
    if (isElf(data.firmware)) machine.loadElf(data.firmware)
    else machine.loadBinary(data.machine?.litex?.ramBase ?? ramBase, data.firmware)
  }
  machine.reset()
  return machine
}

/** A chip whose flash is kept in a file, as a real one keeps it; it comes with the monitor in it. */
function createChip({ chip, file }: NonNullable<VirtualBoardData['flash']>): RunningBoard {
  const kept = readKeptFlash(file, flashOf(chip).sizeBytes)
  return createFlashChip(chip, kept ?? data.firmware ?? new Uint8Array(0), (flash) =>
    writeKeptFlash(file, flash)
  )
}

/** Gives the machine what it takes of the bytes that wait, and modem lines in their place among them. */
function passBytes(machine: RunningBoard): void {
  while (waiting.length > 0) {
    const first = waiting[0]
    if ('signals' in first) {
      machine.setSignals?.(first.signals)
      waiting.shift()
      continue
    }
    const accepted = machine.uartPush(first.bytes)
    if (accepted === first.bytes.length) waiting.shift()
    else waiting[0] = { bytes: first.bytes.subarray(accepted) }
    if (accepted === 0) break
  }
}

/** Sleeps until there are bytes. A BIOS has time-outs: its clock is advanced meanwhile. */
async function untilWoken(machine: RunningBoard): Promise<void> {
  const startMs = performance.now()
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>((resolve) => {
    wake = resolve
    if (machine.isInBios) timer = setTimeout(resolve, biosTickMs)
  })
  clearTimeout(timer)
  wake = undefined
  if (machine.isInBios) {
    machine.advanceIdle(((performance.now() - startMs) * machine.config.clockHz) / 1000)
  }
}

function describeLockup(machine: RunningBoard): string {
  const trap = machine.lastTrap
  if (trap === null) return 'its core is locked up'
  return `its core is locked up after trap ${trap.cause} at ${formatHex(trap.pc)} (value ${formatHex(trap.value)})`
}
