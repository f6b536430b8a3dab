import type { BoardDescription } from '../../../shared/contract/board/boardDescription'
import { asciiBytes } from '../../binary/bytes'
import { createAnsiFilter, type Part, type Receiver } from './receiver'

/** Commands at U-Boot's prompt, and what they show about the console's UART. */

const replyMs = 5_000

/** Types a command line; returns the text between its echo and the next prompt, null when no prompt arrived. */
export function* askUboot(receiver: Receiver, line: string, silenceMs = replyMs): Part<string | null> {
  yield { kind: 'send', bytes: asciiBytes(`${line}\r`) }
  if ((yield* receiver.until(['\n'], replyMs)) === null) return null
  // A command without output is followed by the prompt at once: its line end was the echo's.
  receiver.unread(0x0a)
  const { ubootPrompt } = receiver
  const output = yield* receiver.until([ubootPrompt], silenceMs)
  return output === null ? null : output.text.slice(0, -ubootPrompt.length)
}

/** Longest prompt, bytes; a console is silent after it has printed one. */
const maxPromptLength = 40
const promptSilenceMs = 400
const maxLinesBytes = 4_096

/** Whether a text may end in a prompt; one that ends with a letter or a colon is a question, and a login takes no commands. */
export function endsLikePrompt(text: string): boolean {
  return /[>#$%]\s?$/.test(text)
}

/**
 * Finds a prompt other than "=> " ("StarFive # "): the text alone on the last line after an empty command, twice the same, of a
 * console whose `version` names U-Boot. Returns false when there is none.
 */
export function* learnPrompt(receiver: Receiver): Part<boolean> {
  const first = yield* lineAfterEnter(receiver)
  const second = yield* lineAfterEnter(receiver)
  if (first !== second || first.length > maxPromptLength || !endsLikePrompt(first)) return false
  const { ubootPrompt } = receiver
  receiver.ubootPrompt = `\n${first}`
  // The prompts of an operating system's shells look alike.
  if ((yield* askUboot(receiver, 'version'))?.includes('U-Boot') === true) return true
  receiver.ubootPrompt = ubootPrompt
  return false
}

/** The text behind the last line end once the console is silent after Enter. */
function* lineAfterEnter(receiver: Receiver): Part<string> {
  yield { kind: 'send', bytes: asciiBytes('\r') }
  const filter = createAnsiFilter()
  let line = ''
  for (let count = 0; count < maxLinesBytes; count++) {
    const byte = yield* receiver.byte(promptSilenceMs)
    if (byte === null) break
    if (!filter.isText(byte) || byte === 0x0d) continue
    line = byte === 0x0a ? '' : line + String.fromCharCode(byte)
  }
  return line
}

/** Whether this U-Boot runs in supervisor mode under an SBI firmware: only then it has the command `sbi`. */
export function* isSupervisor(receiver: Receiver): Part<boolean> {
  return /^SBI \d/m.test((yield* askUboot(receiver, 'sbi')) ?? '')
}

/** Where the FIFO control register of the console's UART is, and how wide it is accessed. */
export interface FifoControl {
  address: number
  /** Letter of U-Boot's `mw`. */
  width: 'b' | 'l'
  /** Address of the first register, and the distance from one to the next. */
  base: number
  stride: number
}

/** The FIFO control register of the console, when it is an NS16550A or the like; null otherwise. */
export function* findFifoControl(receiver: Receiver): Part<FifoControl | null> {
  return fifoControlOf((yield* findConsole(receiver)) ?? '')
}

/** The console's UART as a monitor drives it; null where it is of another kind, or U-Boot does not show it. */
export function* findConsoleUart(receiver: Receiver): Part<BoardDescription['uart'] | null> {
  return consoleUartOf((yield* findConsole(receiver)) ?? '')
}

/** The UART of a device tree node as `fdt print` shows it; null for a kind that no monitor drives. */
export function consoleUartOf(node: string): BoardDescription['uart'] | null {
  const fifo = fifoControlOf(node)
  if (fifo !== null) {
    const { base, stride, width } = fifo
    return { kind: 'ns16550', base, stride, widthBytes: width === 'l' ? 4 : 1 }
  }
  const base = baseOf(node)
  if (base === null || !/compatible = [^;]*"sifive,uart0"/.test(node)) return null
  return { kind: 'sifive', base, stride: 4, widthBytes: 4 }
}

/** The node that /chosen of U-Boot's own device tree names as the console; null where U-Boot has no `fdt` command. */
function* findConsole(receiver: Receiver): Part<string | null> {
  if ((yield* askUboot(receiver, 'fdt addr ${fdtcontroladdr}')) === null) return null
  const chosen = yield* askUboot(receiver, 'fdt print /chosen stdout-path')
  // Options may follow the path: "serial0:115200n8".
  const path = /stdout-path = "([^":]+)/.exec(chosen ?? '')?.[1]
  if (path === undefined) return null
  return yield* askUboot(receiver, `fdt print ${path}`)
}

/** The FIFO control register (offset 2, PC16550D data sheet) of a device tree node as `fdt print` shows it. */
export function fifoControlOf(node: string): FifoControl | null {
  // DesignWare's APB UART is one with other registers beyond the first eight.
  if (!/compatible = [^;]*"(ns16550a|snps,dw-apb-uart)"/.test(node)) return null
  const base = baseOf(node)
  if (base === null) return null
  const offset = cellsOf(node, 'reg-offset')[0] ?? 0
  const shift = cellsOf(node, 'reg-shift')[0] ?? 0
  const width = (cellsOf(node, 'reg-io-width')[0] ?? 1) === 4 ? 'l' : 'b'
  const stride = 2 ** shift
  return { address: base + offset + 2 * stride, width, base: base + offset, stride }
}

/** Address of the first `reg` of a node; address and size have one cell each, or two. */
function baseOf(node: string): number | null {
  const cells = cellsOf(node, 'reg')
  if (cells.length !== 2 && cells.length !== 4) return null
  return cells.length === 4 ? cells[0] * 2 ** 32 + cells[1] : cells[0]
}

function cellsOf(node: string, property: string): number[] {
  const text = new RegExp(`[\\s{;]${property} = <([^>]*)>`).exec(node)?.[1] ?? ''
  return text
    .split(/[\s,]+/)
    .filter((cell) => cell !== '')
    .map(Number)
}

/** FIFO on, and how many bytes must be in it before the UART reports them. */
const fifoTrigger = { oneByte: 0x01, fourteenBytes: 0xc1 } as const

/**
 * Sets when the UART reports received bytes. U-Boot polls, so it makes no difference to a chip; an emulated UART hands
 * over one byte a turn at a trigger of one byte, and fourteen at one of fourteen, which is three times the throughput on QEMU.
 */
export function* setFifoTrigger(
  receiver: Receiver,
  { address, width }: FifoControl,
  trigger: keyof typeof fifoTrigger
): Part<void> {
  yield* askUboot(receiver, `mw.${width} ${address.toString(16)} ${fifoTrigger[trigger].toString(16)} 1`)
}
