import {
  type ComPortCommand,
  controlValues,
  parityValues,
  purgeBoth
} from '../../../../core/board/network/comPort'
import { AppError } from '../../../../shared/errors'
import type { Parity } from '../link'
import type { TelnetConsole } from './telnetConsole'

/** How long a server may take to set its line, ms. */
const replyMs = 2_000
/** Short, for ser2net sends no reply for a device without modem lines (a pty). */
const signalReplyMs = 500
/** A divider may give 115107 baud for 115200; within this share a UART still reads every byte. */
const speedTolerance = 0.03

/** The serial line of an RFC 2217 server. */
export interface SerialControl {
  /** 8 data bits, no parity, one stop bit, no flow control, and buffers emptied. @throws board.refused, board.timeout */
  prepare(baudRate: number): Promise<void>
  /** @throws board.refused, board.timeout */
  setBaud(baudRate: number): Promise<void>
  /** @throws board.refused, board.timeout */
  setParity(parity: Parity): Promise<void>
  /** False where the server has no such lines. */
  setSignals(signals: { dtr?: boolean; rts?: boolean }): Promise<boolean>
  /** Round trip to the server; null when it does not reply. */
  measureLatencyMs(timeoutMs: number): Promise<number | null>
}

/** Sets speed, modem lines and buffers of a far serial line over RFC 2217. */
export function createSerialControl(console: TelnetConsole, label: string): SerialControl {
  const set = async (command: ComPortCommand, value: number, what: string): Promise<void> => {
    const got = await console.request(command, value, replyMs)
    if (got === null) throw noReply(label, what)
    if (got !== value) throw otherValue(label, what)
  }
  const setBaud = async (baudRate: number): Promise<void> => {
    const got = await console.request('baudRate', baudRate, replyMs)
    if (got === null) throw noReply(label, `${baudRate} baud`)
    if (Math.abs(got - baudRate) > baudRate * speedTolerance)
      throw otherValue(label, `${baudRate} baud`, `${got} baud`)
  }
  const setParity = (parity: Parity): Promise<void> =>
    set('parity', parityValues[parity], `${parity === 'none' ? 'no' : parity} parity`)
  return {
    setBaud,
    setParity,
    async prepare(baudRate) {
      await setBaud(baudRate)
      await set('dataBits', 8, '8 data bits')
      await setParity('none')
      await set('stopBits', 1, 'one stop bit')
      // Servers may leave these two without a reply; nothing later depends on them.
      await console.request('control', controlValues.noFlowControl, signalReplyMs)
      await console.request('purge', purgeBoth, signalReplyMs)
    },
    async setSignals({ dtr, rts }) {
      let hasLines = true
      const { dtrOn, dtrOff, rtsOn, rtsOff } = controlValues
      const wanted = [
        ...(dtr === undefined ? [] : [dtr ? dtrOn : dtrOff]),
        ...(rts === undefined ? [] : [rts ? rtsOn : rtsOff])
      ]
      for (const value of wanted)
        hasLines = (await console.request('control', value, signalReplyMs)) === value && hasLines
      return hasLines
    },
    async measureLatencyMs(timeoutMs) {
      const beganMs = performance.now()
      // A speed of 0 requests the current one.
      const got = await console.request('baudRate', 0, timeoutMs)
      return got === null ? null : performance.now() - beganMs
    }
  }
}

function noReply(label: string, what: string): AppError {
  return new AppError(
    'board.timeout',
    `${label} did not reply to the request for ${what}.`,
    'The server may not control this line (RFC 2217); telnet:// or tcp:// use it as it is set up there.'
  )
}

function otherValue(label: string, what: string, instead?: string): AppError {
  return new AppError(
    'board.refused',
    `${label} does not take ${what}${instead === undefined ? '' : `: it set ${instead}`}.`,
    'Choose what the serial port behind the server supports, such as 115200 baud; with telnet:// the line stays as the server has it.'
  )
}
