import { describe, expect, it } from 'vitest'
import { writeCommand } from '@main/cli/deploy/deployFlash'

describe('how a file for flash is written', () => {
  it('names the loader of the chip’s ROM', () => {
    expect(writeCommand('wch', 'lenet.bin', 0x0800_0000)).toBe(
      'board load PORT lenet.bin --address 0x8000000 --loader wch --start'
    )
    expect(writeCommand('stm', 'my net.bin', 0x0800_0000)).toContain('"my net.bin"')
  })

  it.each(['none', 'uboot', 'sfl', 'esp'] as const)(
    'names no loader that writes no flash: a description with %s takes a debug probe',
    (loader) => {
      expect(writeCommand(loader, 'lenet.bin', 0x0800_0000)).toBe(
        'board debug-load lenet.bin --address 0x8000000 --openocd SCRIPT --flash'
      )
    }
  )
})
