/** Why a GPU's clocks are not higher: its bit in the mask that nvidia-smi reports, and its name. */
export interface ClockReason {
  readonly bit: number
  readonly name: string
  /** Idle, application clocks, sync boost and display settings are no fault of a measurement. */
  readonly isFault: boolean
}

/** The limit of power is reached: under load the usual state, and counted by itself. */
export const powerCap: ClockReason = { bit: 0x4, name: 'power cap', isFault: false }

/** Clock event reasons (clocks_event_reasons.active; NVML nvmlClocksEventReasons). */
const clockReasons: readonly ClockReason[] = [
  { bit: 0x1, name: 'GPU idle', isFault: false },
  { bit: 0x2, name: 'application clocks', isFault: false },
  powerCap,
  { bit: 0x8, name: 'hardware slowdown', isFault: true },
  { bit: 0x10, name: 'sync boost', isFault: false },
  { bit: 0x20, name: 'software thermal slowdown', isFault: true },
  { bit: 0x40, name: 'hardware thermal slowdown', isFault: true },
  { bit: 0x80, name: 'power brake', isFault: true },
  { bit: 0x100, name: 'display clocks', isFault: false }
]

/** The known reasons of a mask, lowest bit first. */
export function clockReasonsOf(mask: number): ClockReason[] {
  return clockReasons.filter(({ bit }) => hasBit(mask, bit))
}

/** The mask is a 64-bit field kept as a double: bitwise operators would cut it to 32 bits, division does not. */
function hasBit(mask: number, bit: number): boolean {
  return Math.floor(mask / bit) % 2 === 1
}
