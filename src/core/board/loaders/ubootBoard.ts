import type { Receiver, Part } from './receiver'
import { askUboot } from './ubootConsole'

/** Address range, `end` exclusive. */
export interface Range {
  start: number
  end: number
}

/** What a U-Boot reports about its board, except the UART (`findFifoControl`). */
export interface UbootBoard {
  /** Banks of RAM; empty where `bdinfo` shows none. */
  banks: Range[]
  /** Parts of it that are in use: firmware below U-Boot, and U-Boot itself. */
  reserved: Range[]
  /** e.g. "StarFive VisionFive 2 v1.3B"; null where the device tree has none. */
  model: string | null
  /** Clock of the cores; null where the device tree has none. */
  clockHz: number | null
}

/** Upper bound of the heap and stack that a U-Boot keeps below its code. */
const belowUbootBytes = 32 << 20

/** Reads RAM, name and clock from a U-Boot whose device tree has been selected (`fdt addr`). @param cpus its node /cpus */
export function* askBoard(receiver: Receiver, cpus: string): Part<UbootBoard> {
  const information = (yield* askUboot(receiver, 'bdinfo')) ?? ''
  const root = (yield* askUboot(receiver, 'fdt print / model')) ?? ''
  const clock = /clock-frequency = <(0x[0-9a-f]+)(?: (0x[0-9a-f]+))?>/.exec(
    cpus.replace(/timebase-frequency = <[^>]*>/g, '')
  )
  return {
    ...readBoardInformation(information),
    model: /model = "([^"]+)"/.exec(root)?.[1] ?? null,
    // One cell or two; no core runs at more than 4 GHz.
    clockHz: clock === null ? null : Number(clock[2] ?? clock[1])
  }
}

/** Reads the output of `bdinfo`: banks, and what U-Boot's memory allocator has reserved (printed since 2020; before that only where U-Boot is). */
export function readBoardInformation(text: string): Pick<UbootBoard, 'banks' | 'reserved'> {
  const banks: Range[] = []
  for (const [, start, size] of text.matchAll(/-> start\s*= (0x[0-9a-f]+)\s+-> size\s*= (0x[0-9a-f]+)/g))
    if (Number(size) > 0) banks.push({ start: Number(start), end: Number(start) + Number(size) })
  const reserved: Range[] = []
  for (const [, start, last] of text.matchAll(/reserved\[\d+\]\s*\[(0x[0-9a-f]+)-(0x[0-9a-f]+)\]/g))
    reserved.push({ start: Number(start), end: Number(last) + 1 })
  const relocated = /relocaddr\s*= (0x[0-9a-f]+)/.exec(text)?.[1]
  if (reserved.length === 0 && relocated !== undefined)
    reserved.push({ start: Number(relocated) - belowUbootBytes, end: Number(relocated) + belowUbootBytes })
  return { banks, reserved }
}
