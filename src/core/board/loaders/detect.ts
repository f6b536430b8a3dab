import { AppError } from '../../../shared/errors'
import type { Conversation } from '../conversation'
import { asciiBytes, createReceiver } from './receiver'
import { sflMagicRequest } from './sflFrame'
import { litexMenu, litexPrompt } from './sflRequest'
import { askBoard, type UbootBoard } from './ubootBoard'
import { askUboot, findFifoControl, type FifoControl, isSupervisor, learnPrompt } from './ubootConsole'

/** What sits at the other end of a line before a monitor does. */
export type BootLoader =
  | { kind: 'litex' }
  /** `uart`: the console's UART and `isa`: the core, where U-Boot's device tree tells them. */
  | {
      kind: 'uboot'
      uart: FifoControl | null
      isa: string | null
      /** It runs in supervisor mode, under an SBI firmware. */
      supervisor: boolean
      /** Only of such a one: where the monitor can go. */
      board?: UbootBoard
    }

/** What the monitor says when it starts ends so (docs/protocol.md "Text at a terminal"). */
const bannerEnd = "'?' for help.\r\n"
const bannerMs = 1_500

/** Waits until a monitor that was just started has said so; answers what was said, null when nothing like it came. */
export function* awaitBanner(): Conversation<string | null> {
  const banner = yield* createReceiver().until([bannerEnd], bannerMs)
  return banner?.text ?? null
}

const answerMs = 1_500

/**
 * Presses Enter and looks who answers. Of a U-Boot it also asks what the board is, so that no monitor is started there whose
 * UART or instructions are others.
 *
 * @throws loader.noPrompt with what was received
 */
export function* detectBootLoader(): Conversation<BootLoader> {
  const receiver = createReceiver()
  for (let tries = 0; tries < 4; tries++) {
    // The line end alone: it stops a count-down, and is an empty line everywhere.
    yield { kind: 'send', bytes: asciiBytes('\r\n') }
    const texts = [receiver.ubootPrompt, litexPrompt, litexMenu, sflMagicRequest]
    const found = yield* receiver.until(texts, answerMs)
    if (found !== null && found.index > 0) return { kind: 'litex' }
    if (found === null && !(yield* learnPrompt(receiver))) continue
    yield* receiver.drain(100)
    const uart = yield* findFifoControl(receiver)
    const cpu = yield* askUboot(receiver, 'fdt print /cpus')
    const isa = /riscv,isa = "([^"]+)"/.exec(cpu ?? '')?.[1] ?? null
    const supervisor = yield* isSupervisor(receiver)
    if (!supervisor) return { kind: 'uboot', uart, isa, supervisor }
    return { kind: 'uboot', uart, isa, supervisor, board: yield* askBoard(receiver, cpu ?? '') }
  }
  throw new AppError(
    'loader.noPrompt',
    `No boot loader answered; received ${receiver.lastSeen()}.`,
    'Reset the board while this waits, and check port and baud rate. U-Boot ("=> ") and the LiteX BIOS ("litex> ") are known.'
  )
}
