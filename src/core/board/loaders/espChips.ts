import type { EspChipName } from '../description/espBoards'
import type { Range } from './ubootBoard'

/** What a ROM's identity says of a chip of Espressif. */
export interface EspChip {
  readonly name: string
  /** Number in the reply to GET_SECURITY_INFO. */
  readonly chipId: number | null
  /** Words at `espMagicAddress`, by revision, for chips whose ROM does not say its number. */
  readonly magic: readonly number[]
  /** RAM that the ROM loads to; empty for chips that are not supported. */
  readonly ram: readonly Range[]
  /** Parts of it that the ROM itself works in while it loads: its buffers, its stack, its variables (Espressif's bootloader.ld). */
  readonly reserved: readonly Range[]
  /** Its addresses; null for chips that are not supported. */
  readonly map: EspChipName | null
}

/** A chip whose RAM is loaded. */
export type LoadableEsp = EspChip & { readonly map: EspChipName }

/** A word of ROM that differs from chip to chip. */
export const espMagicAddress = 0x4000_1000

const foreign = (name: string, chipId: number | null, magic: readonly number[] = []): EspChip => ({
  name,
  chipId,
  magic,
  ram: [],
  reserved: [],
  map: null
})

/** ESP32-C3: 384 KiB, as data from 0x3FC80000, as instructions from 0x40380000, and 16 KiB of its cache. */
const esp32c3: EspChip = {
  name: 'ESP32-C3',
  chipId: 5,
  magic: [0x6921_506f, 0x1b31_506f, 0x4881_606f, 0x4361_606f],
  ram: [
    { start: 0x3fc8_0000, end: 0x3fce_0000 },
    { start: 0x4037_c000, end: 0x403e_0000 }
  ],
  reserved: [
    { start: 0x3fcc_ae00, end: 0x3fce_0000 },
    { start: 0x403c_ae00, end: 0x403e_0000 }
  ],
  map: 'c3'
}

/** ESP32-C6: 512 KiB at one address for instructions and data. */
const esp32c6: EspChip = {
  name: 'ESP32-C6',
  chipId: 13,
  magic: [0x2ce0_806f],
  ram: [{ start: 0x4080_0000, end: 0x4088_0000 }],
  reserved: [{ start: 0x4086_ad08, end: 0x4088_0000 }],
  map: 'c6'
}

const chips: readonly EspChip[] = [
  esp32c3,
  esp32c6,
  foreign('ESP8266', null, [0xfff0_c101]),
  foreign('ESP32', 0, [0x00f0_1d83]),
  foreign('ESP32-S2', 2, [0x7c6]),
  foreign('ESP32-S3', 9, [0x9]),
  foreign('ESP32-C2', 12, [0x6f51_306f, 0x7c41_a06f]),
  foreign('ESP32-H2', 16, [0xd7b7_3e80]),
  foreign('ESP32-P4', 18)
]

/** The chip with this number; null for one that is not known. */
export function espChipById(chipId: number): EspChip | null {
  return chips.find((chip) => chip.chipId === chipId) ?? null
}

/** The chip with this word at `espMagicAddress`; null for one that is not known. */
export function espChipByMagic(magic: number): EspChip | null {
  return chips.find((chip) => chip.magic.includes(magic)) ?? null
}
