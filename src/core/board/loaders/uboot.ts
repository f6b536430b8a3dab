import { AppError } from '../../../shared/errors'
import type { Conversation } from '../conversation'
import { asciiBytes } from '../../binary/bytes'
import { createReceiver, type Part, type Receiver } from './receiver'
import { kermitTransfer } from './kermit'
import { askUboot, findFifoControl, learnPrompt, setFifoTrigger } from './ubootConsole'
import { type ModemResult, xmodemTransfer } from './xmodem'
import { ymodemTransfer } from './ymodem'

/** What is loaded through U-Boot, at which speed, and whether it is started. */
export interface UbootOptions {
  name: string
  address: number
  bytes: Uint8Array
  /** `kermit`: for consoles that lose zero bytes. */
  method: 'ymodem' | 'xmodem' | 'kermit'
  /** CRC-32 (IEEE) of `bytes`, compared with U-Boot's `crc32` after the transfer. */
  crc32: number
  /** The speed of the transfer alone; null: the console's speed. */
  baudRate?: number | null
  /** The console's speed, which is returned to afterwards. */
  consoleBaudRate?: number
  /** `go` afterwards; `programReturns` waits for its return code. */
  start?: { entry: number; programReturns: boolean } | null
}

/** Result of a load through U-Boot. */
export interface UbootResult extends ModemResult {
  crc32: number
  /** Return code of the program; null when it was not started or does not return. */
  returnCode: number | null
}

const replyMs = 5_000
/** crc32 over many megabytes on a slow core. */
const checkMs = 60_000
const programMs = 60_000
/** Below this the questions about the UART take longer than they save. */
const worthTuningBytes = 4 * 1024

/**
 * Loads bytes into memory through U-Boot's console: finds the prompt, starts loady, loadx or loadb, transfers, verifies with
 * crc32, and starts the program if requested.
 *
 * @throws loader.noPrompt, loader.rejected, board.crcMismatch, board.timeout, job.cancelled; the prompt is back after a failed transfer
 */
export function* ubootLoad(options: UbootOptions): Conversation<UbootResult> {
  const receiver = createReceiver()
  yield* findPrompt(receiver)
  const control = options.bytes.length >= worthTuningBytes ? yield* findFifoControl(receiver) : null
  if (control !== null) yield* setFifoTrigger(receiver, control, 'fourteenBytes')
  const transfer = yield* runTransfer(receiver, options)
  if (control !== null) yield* setFifoTrigger(receiver, control, 'oneByte')
  yield* verify(receiver, options)
  const returnCode = options.start == null ? null : yield* go(receiver, options.start)
  return { ...transfer, crc32: options.crc32, returnCode }
}

function* findPrompt(receiver: Receiver): Part<void> {
  for (let tries = 0; tries < 3; tries++) {
    // Ctrl-C ends whatever half-typed line or count-down is there.
    yield { kind: 'send', bytes: asciiBytes('\x03\r') }
    if ((yield* receiver.until([receiver.ubootPrompt], 1_500)) !== null) {
      yield* receiver.drain(50)
      return
    }
    if (yield* learnPrompt(receiver)) return
  }
  throw new AppError(
    'loader.noPrompt',
    `No U-Boot prompt ("${receiver.ubootPrompt.trim()}", or another that repeats after Enter) came; received ${receiver.lastSeen()}.`,
    'Reset the board and stop its autoboot, and check port and baud rate.'
  )
}

const verbs = { ymodem: 'loady', xmodem: 'loadx', kermit: 'loadb' } as const

function* runTransfer(receiver: Receiver, options: UbootOptions): Part<ModemResult> {
  const { method, address, baudRate = null, consoleBaudRate = 115_200 } = options
  const verb = verbs[method]
  const switches = baudRate !== null && baudRate !== consoleBaudRate
  yield* command(receiver, `${verb} ${hex(address)}${switches ? ` ${baudRate}` : ''}`)
  if (switches) {
    yield* expect(receiver, 'press ENTER', replyMs, 'the baud rate switch')
    yield { kind: 'pause', durationMs: 60 }
    yield { kind: 'setBaud', baudRate }
    yield { kind: 'send', bytes: asciiBytes('\r') }
  }
  yield* expect(receiver, 'Ready for binary', replyMs, `the reply to ${verb}`)
  yield* expect(receiver, '\n', replyMs, `the reply to ${verb}`)
  try {
    const result = yield* transferBy(receiver, options)
    yield* afterTransfer(receiver, switches, consoleBaudRate)
    return result
  } catch (error) {
    yield* afterTransfer(receiver, switches, consoleBaudRate)
    throw error
  }
}

function transferBy(receiver: Receiver, { method, name, bytes }: UbootOptions): Part<ModemResult> {
  if (method === 'ymodem') return ymodemTransfer(receiver, name, bytes)
  return method === 'xmodem' ? xmodemTransfer(receiver, bytes) : kermitTransfer(receiver, name, bytes)
}

/** Back to the prompt and to the console's speed, whether the transfer worked or not. */
function* afterTransfer(receiver: Receiver, switched: boolean, consoleBaudRate: number): Part<void> {
  if (switched) {
    yield* receiver.until(['press ESC'], replyMs)
    yield { kind: 'pause', durationMs: 60 }
    yield { kind: 'setBaud', baudRate: consoleBaudRate }
    yield { kind: 'send', bytes: Uint8Array.of(0x1b) }
  }
  yield* receiver.until([receiver.ubootPrompt], replyMs)
}

function* verify(receiver: Receiver, options: UbootOptions): Part<void> {
  if (options.bytes.length === 0) return
  const line = `crc32 ${hex(options.address)} ${hex(options.bytes.length)}`
  const output = yield* askUboot(receiver, line, checkMs)
  const found = /==> ([0-9a-f]{8})/i.exec(output ?? '')?.[1]
  if (found === undefined) {
    throw new AppError(
      'loader.rejected',
      `U-Boot printed no CRC of what it holds; received ${receiver.lastSeen()}.`,
      'This U-Boot may be built without the crc32 command; use another loader.'
    )
  }
  if (Number.parseInt(found, 16) !== options.crc32) {
    throw new AppError(
      'board.crcMismatch',
      `U-Boot holds bytes with CRC ${found} at 0x${hex(options.address)}; sent was ${hex(options.crc32).padStart(8, '0')}.`,
      'Check that the address is free RAM (U-Boot itself lies near its end), then load again.'
    )
  }
}

function* go(receiver: Receiver, start: { entry: number; programReturns: boolean }): Part<number | null> {
  yield* command(receiver, `go ${hex(start.entry)}`)
  yield* expect(receiver, 'Starting application', replyMs, 'the start of the program')
  if (!start.programReturns) return null
  const output = yield* receiver.until([receiver.ubootPrompt], programMs)
  const code = /terminated, rc = 0x([0-9a-f]+)/i.exec(output?.text ?? '')?.[1]
  if (code === undefined) {
    throw new AppError(
      'board.timeout',
      `The program did not return to U-Boot; received ${receiver.lastSeen()}.`,
      'Reset the board. A program for `go` keeps gp, zeroes its bss, and returns from its entry function.'
    )
  }
  return Number.parseInt(code, 16)
}

/** Types a command line and drops its echo. */
function* command(receiver: Receiver, line: string): Part<void> {
  yield { kind: 'send', bytes: asciiBytes(`${line}\r`) }
  yield* expect(receiver, '\n', replyMs, `the echo of "${line}"`)
}

function* expect(receiver: Receiver, text: string, silenceMs: number, what: string): Part<void> {
  if ((yield* receiver.until([text], silenceMs)) !== null) return
  throw new AppError(
    'loader.rejected',
    `U-Boot did not show ${what}; received ${receiver.lastSeen()}.`,
    'Look at the console; this U-Boot may be built without that command.'
  )
}

const hex = (value: number): string => value.toString(16)
