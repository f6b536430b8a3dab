import { createMachine } from '@core/sim/createMachine'
import { corePresets, type CorePresetName } from '@core/sim/boards/presets'

/** Enough for the whole bench program several times over; a program that needs more hangs. */
const maxInstructions = 2e9

/** Runs a bare program to power-off on a virtual board and returns what it wrote to its UART. */
export function runOnPreset(name: CorePresetName, elf: Uint8Array, zbb: boolean): string {
  const machine = createMachine({ board: { ...corePresets[name], zbb } })
  machine.loadElf(elf)
  machine.reset()
  let text = ''
  while (machine.instret() < maxInstructions) {
    const { reason } = machine.run(5_000_000)
    text += new TextDecoder().decode(machine.uartTake())
    if (reason === 'powerOff') return text
    if (reason !== 'budget') throw new Error(`The bench program stopped on ${name}: ${reason}`)
  }
  throw new Error(`The bench program did not end on ${name}.`)
}
