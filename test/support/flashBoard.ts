import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describedImageName, fillInDescribedMonitor } from '@core/board/describedMonitor'
import { describeFlashBoard, type FlashChipName, flashMap } from '@core/board/description/flashBoards'
import { flashBoard } from '@core/sim/boards/flashBoard'
import { createMachine } from '@core/sim/createMachine'
import type { VirtualMachine } from '@core/sim/machine'

/** The monitor of a microcontroller as it is written into its flash. */
export function flashMonitor(chip: FlashChipName, isSmall: boolean): Uint8Array {
  const description = describeFlashBoard(chip, isSmall)
  const file = (ending: string): Buffer =>
    readFileSync(path.resolve(`resources/firmware/build/${describedImageName(description)}.${ending}`))
  return fillInDescribedMonitor(file('bin'), { counters: file('counters').toString() }, description)
}

/** A virtual chip out of its reset, with these bytes in flash; erased flash is all ones. */
export function startFlashBoard(
  chip: FlashChipName,
  flash: Uint8Array,
  onWrite: (address: number, value: number) => void = () => undefined
): VirtualMachine {
  const config = flashBoard(chip)
  const machine = createMachine({ board: { ...config, flash: { ...config.flash!, onWrite } } })
  machine.loadBinary(flashMap.flash, new Uint8Array(config.ramBytes).fill(0xff))
  machine.loadBinary(flashMap.flash, flash)
  machine.reset()
  return machine
}
