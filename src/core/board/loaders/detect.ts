import { AppError } from '../../../shared/errors'
import type { BoardDescription } from '../../../shared/contract/board/boardDescription'
import type { Conversation } from '../conversation'
import { asciiBytes } from '../../binary/bytes'
import { kermitCancelBytes } from './kermit'
import { cancelBytes } from './modemSender'
import { createReceiver, type Part, printable, type Receiver } from './receiver'
import { espWaiting } from './espRom'
import { sflMagicRequest } from './sflFrame'
import { litexMenus, litexPrompts, sflTrain } from './sflRequest'
import { askBoard, type UbootBoard } from './ubootBoard'
import { askUboot, endsLikePrompt, findConsoleUart, isSupervisor, learnPrompt } from './ubootConsole'

/** What sits at the other end of a line before a monitor does. */
export type BootLoader =
  | { kind: 'litex' }
  /** The ROM of an ESP32 in its download mode. */
  | { kind: 'esp' }
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
/** A monitor checks its own code before it prints; on a core of usual speed that takes a part of a second. */
const leastBannerMs = 10_000
const mostBannerMs = 180_000

/**
 * Waits for the banner of a monitor that was just started; returns the text up to its end, null when none arrived in time.
 *
 * @param loadMs how long it took to load: a core needs more instructions to receive a byte than the monitor to check it, so that one
 *   that was slow to take the image is given as long to start
 */
export function* awaitBanner(loadMs = 0): Conversation<string | null> {
  const silenceMs = Math.min(Math.max(loadMs, leastBannerMs), mostBannerMs)
  const banner = yield* createReceiver().until([bannerEnd], silenceMs)
  return banner?.text ?? null
}

/** What a LiteX BIOS alone says: at its prompt, in its menu, when it asks to be loaded, and in its loader. */
const litexTexts = [...litexPrompts, ...litexMenus, sflMagicRequest, sflTrain]
const replyMs = 1_500
/** Silent tries that are enough where nothing came at all, and where a boot loader may be busy with what it said last. */
const triesOfSilent = 4
const triesOfBusy = 20
/** U-Boot gives up a block 2 s after its last byte. */
const blockTimeoutMs = 3_000
/** A U-Boot that was taken out of a broken transfer shows its prompt at once. */
const triesAfterCancel = 2
/** A board that prints on and on is no boot loader; a slow core's memory test takes a minute and a half. */
const maxTries = 200
/** Equal replies to Enter, or tries with noise alone, after which more of them show nothing new. */
const triesOfSame = 4

/**
 * Presses Enter and recognises the boot loader by its prompt. Also reads the UART and the core of a U-Boot's board, so that no
 * monitor for another UART or other instructions is started there.
 *
 * A board that has printed something is waited for while text flows and half a minute longer, which is reported as progress: a boot
 * loader may measure its memory for as long without a word. A program that replies the same to every Enter, and noise, are given up
 * sooner.
 *
 * @throws loader.noPrompt with what was received
 */
export function* detectBootLoader(): Conversation<BootLoader> {
  const receiver = createReceiver()
  const replies: string[] = []
  let limit = triesOfSilent
  for (let tries = 1; tries <= Math.min(limit, maxTries); tries++) {
    const before = receiver.lastSeen()
    // The line end alone: it stops a count-down, and is an empty line everywhere.
    yield { kind: 'send', bytes: asciiBytes('\r\n') }
    const found = yield* receiver.until([receiver.ubootPrompt, espWaiting, ...litexTexts], replyMs)
    if (found?.index === 1) return { kind: 'esp' }
    if (found !== null && found.index > 1) return { kind: 'litex' }
    const reply = receiver.unmatched
    const isLeftOver = isRestOfReply(replies.join('') + reply)
    // LiteX measures the speed of its memory for seconds without a word.
    if (receiver.lastSeen() !== before && !isLeftOver) limit = tries + triesOfBusy
    if (found !== null || (endsLikePrompt(reply) && (yield* learnPrompt(receiver))))
      return yield* readUboot(receiver)
    replies.push(reply)
    // On a slow core more time passes between two `E` than a try waits.
    if (replies.join('').endsWith(sflTrain)) return { kind: 'litex' }
    // What still receives a file is silent for as long as Enter comes more often than it waits.
    const isSilent = tries === triesOfSilent && limit === triesOfSilent
    if (isSilent || isModemWait(reply)) {
      if (isSilent) {
        yield { kind: 'progress', doneBytes: 0, totalBytes: 0, note: silentNote }
        // In the middle of a block CAN would be data of the file.
        yield* receiver.byte(blockTimeoutMs)
      }
      yield { kind: 'send', bytes: Uint8Array.of(...cancelBytes, ...kermitCancelBytes) }
      limit = Math.max(limit, tries + triesAfterCancel)
    }
    refuseHopeless(replies)
    if (limit > triesOfSilent)
      yield { kind: 'progress', doneBytes: 0, totalBytes: 0, note: busyNote(receiver.lastSeen()) }
  }
  throw new AppError(
    'loader.noPrompt',
    `No boot loader replied; received ${receiver.lastSeen()}.`,
    'Reset the board while this waits, and check port and baud rate. U-Boot ("=> ") and the LiteX BIOS ("litex> ") are known. An ESP32-C3 or C6 prints nothing by itself: choose its loader (--loader esp).'
  )
}

/** Reads what the monitor of a board must fit, at the prompt of its U-Boot. */
function* readUboot(receiver: Receiver): Part<BootLoader> {
  yield* receiver.drain(100)
  const uart = yield* findConsoleUart(receiver)
  const cpu = yield* askUboot(receiver, 'fdt print /cpus')
  const isa = /riscv,isa = "([^"]+)"/.exec(cpu ?? '')?.[1] ?? null
  const supervisor = yield* isSupervisor(receiver)
  return { kind: 'uboot', uart, isa, supervisor, board: yield* askBoard(receiver, cpu ?? '') }
}

/** What is shown before bytes are sent that may end a program. */
const silentNote = `no reply; Ctrl-X and Ctrl-C follow in ${blockTimeoutMs / 1000} s, for a transfer that broke off`

/** What is shown while a board that has printed something is waited for. */
const busyNote = (seen: string): string =>
  `no prompt of a boot loader yet; the board printed ${seen.length <= 60 ? seen : `…${seen.slice(-60)}`}`

/** @throws loader.noPrompt where the last replies to Enter show that no boot loader will come */
function refuseHopeless(replies: readonly string[]): void {
  if (replies.length < triesOfSame) return
  const last = replies.slice(-triesOfSame)
  const [reply = ''] = last
  if (reply !== '' && last.every((other) => other === reply))
    throw new AppError(
      'loader.noPrompt',
      `A program that is no boot loader replies to Enter with "${printable(reply.slice(-80))}".`,
      'Reset the board and stop it in its boot loader (a key while U-Boot counts down), then bring it up again; `bitbench board console` talks to that program.'
    )
  if (last.every(isNoise))
    throw new AppError(
      'loader.noPrompt',
      `What comes is no text: "${printable(reply.slice(-40))}".`,
      'The speed of the line is probably another one: give it with --baud, or under Baud rate on the page Boards.'
    )
}

/**
 * A U-Boot that still receives a file, whose sender is gone, sends `C` (CRC wished) or NAK, or replies to Enter, the end of a packet, by
 * packets of Kermit. Before them may stand what the sender no longer read: ACK, or the rest of a packet.
 */
const isModemWait = (reply: string): boolean => /^(?:\x06*[C\x15]+|[ -~]*\r?(?:\x01[ -~]+\r)+)$/.test(reply)

/**
 * The unread rest of the last reply of a U-Boot that still receives a file: ACK, or the end of a packet of Kermit. It sends nothing
 * after it, so the board counts as silent. Bytes of it may come by one, and the reply before it may have its end unread as well.
 */
const isRestOfReply = (reply: string): boolean => /^(?:\x06+|[ -~]{0,96}\r+)$/.test(reply)

/** More than a third is not printable. */
function isNoise(text: string): boolean {
  const strange = text.replace(/[\x20-\x7e\r\n\t]/g, '').length
  return strange > text.length / 3
}
