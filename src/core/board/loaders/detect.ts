import { AppError } from '../../../shared/errors'
import type { BoardDescription } from '../../../shared/contract/board/boardDescription'
import type { Conversation } from '../conversation'
import { asciiBytes } from '../../binary/bytes'
import { createReceiver } from './receiver'
import { sflMagicRequest } from './sflFrame'
import { litexMenus, litexPrompts } from './sflRequest'
import { askBoard, type UbootBoard } from './ubootBoard'
import { askUboot, findConsoleUart, isSupervisor, learnPrompt } from './ubootConsole'

/** What sits at the other end of a line before a monitor does. */
export type BootLoader =
  | { kind: 'litex' }
  /** `uart` of the console and `isa` of the core from U-Boot's device tree; null where it does not have them. */
  | {
      kind: 'uboot'
      uart: BoardDescription['uart'] | null
      isa: string | null
      /** Whether it runs in supervisor mode, under an SBI firmware. */
      supervisor: boolean
      /** Where the monitor can go. */
      board: UbootBoard
    }

/** End of the monitor's banner (docs/protocol.md "Text at a terminal"). */
const bannerEnd = "'?' for help.\r\n"
/** A slow core checks its own code first (LiteX at 0.4 MHz under simulation: 5 s). */
const bannerMs = 10_000

/** Waits for the banner of a monitor that was just started; returns the text up to its end, null when none arrived in time. */
export function* awaitBanner(): Conversation<string | null> {
  const banner = yield* createReceiver().until([bannerEnd], bannerMs)
  return banner?.text ?? null
}

const replyMs = 1_500
/** Waits without a prompt that are enough where nothing came at all, and where a boot loader may be busy with what it said last. */
const triesOfSilent = 4
const triesOfBusy = 20

/**
 * Presses Enter and recognises the boot loader by its prompt. Also reads the UART and the core of a U-Boot's board, so that no
 * monitor for another UART or other instructions is started there.
 *
 * @throws loader.noPrompt with what was received
 */
export function* detectBootLoader(): Conversation<BootLoader> {
  const receiver = createReceiver()
  let limit = triesOfSilent
  for (let tries = 0; tries < limit; tries++) {
    const before = receiver.lastSeen()
    // The line end alone: it stops a count-down, and is an empty line everywhere.
    yield { kind: 'send', bytes: asciiBytes('\r\n') }
    const texts = [receiver.ubootPrompt, ...litexPrompts, ...litexMenus, sflMagicRequest]
    const found = yield* receiver.until(texts, replyMs)
    if (found !== null && found.index > 0) return { kind: 'litex' }
    // LiteX measures the speed of its memory for seconds without a word.
    if (receiver.lastSeen() !== before) limit = triesOfBusy
    if (found === null && !(yield* learnPrompt(receiver))) continue
    yield* receiver.drain(100)
    const uart = yield* findConsoleUart(receiver)
    const cpu = yield* askUboot(receiver, 'fdt print /cpus')
    const isa = /riscv,isa = "([^"]+)"/.exec(cpu ?? '')?.[1] ?? null
    const supervisor = yield* isSupervisor(receiver)
    return { kind: 'uboot', uart, isa, supervisor, board: yield* askBoard(receiver, cpu ?? '') }
  }
  throw new AppError(
    'loader.noPrompt',
    `No boot loader replied; received ${receiver.lastSeen()}.`,
    'Reset the board while this waits, and check port and baud rate. U-Boot ("=> ") and the LiteX BIOS ("litex> ") are known.'
  )
}
