import { createMemoryLink } from './memoryLink'
import type { Link } from '@main/board/links/link'
import { SflBios, type BiosOptions } from './sflBios'

/** The BIOS model on a link in real time. It is silent until `powerOn`, as a design is that is not configured yet. */
export function createLiveBios(options: BiosOptions = {}): {
  link: Link
  bios: SflBios
  powerOn(): void
  close(): void
} {
  const { link, peer } = createMemoryLink('bios')
  const bios = new SflBios(options)
  let isOn = false
  const line = {
    send: (bytes: Uint8Array, delayMs = 0): void => void setTimeout(() => peer.send(bytes), delayMs)
  }
  peer.onBytes = (bytes) => {
    if (isOn) bios.hear(bytes, performance.now(), line)
  }
  const timer = setInterval(() => isOn && bios.tick(performance.now(), line), 20)
  return { link, bios, powerOn: () => void (isOn = true), close: () => clearInterval(timer) }
}
