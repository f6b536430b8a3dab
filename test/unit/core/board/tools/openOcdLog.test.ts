import { describe, expect, it } from 'vitest'
import { createOpenOcdOutput } from '@core/board/tools/openOcdLog'

const head = [
  'Open On-Chip Debugger 0.12.0',
  'Licensed under GNU GPL v2',
  'For bug reports, read',
  '\thttp://openocd.org/doc/doxygen/bugs.html'
]

function read(lines: string[], totalBytes = 45_632) {
  const output = createOpenOcdOutput(totalBytes)
  const progress = [...head, ...lines].map((line) => output.line(line)).filter((found) => found !== null)
  return { output, progress }
}

describe('log of OpenOCD', () => {
  // Printed by 0.12.0 over its remote_bitbang adapter.
  it('written and verified pieces become progress', () => {
    const { output, progress } = read([
      'Info : JTAG tap: riscv.cpu tap/device found: 0x20000913 (mfg: 0x489 (SiFive Inc), part: 0x0000, ver: 0x2)',
      '16384 bytes written at address 0x80000000',
      'downloaded 16384 bytes in 0.829918s (19.279 KiB/s)',
      '29248 bytes written at address 0x80004000',
      'downloaded 29248 bytes in 1.810121s (15.779 KiB/s)',
      'verified 45632 bytes in 2.519383s (17.688 KiB/s)',
      'shutdown command invoked'
    ])
    expect(progress.map(({ fraction }) => fraction)).toEqual([16384 / 45632, 1, 1])
    expect(output.isVerified).toBe(true)
    expect(output.failure(0)).toBeNull()
  })

  it.each([
    [
      [
        'Error: no device found',
        "Error: unable to open ftdi device with vid 0403, pid 6010, description '*', serial '*' at bus location '*'"
      ],
      1,
      'board.notFound'
    ],
    [['Error: No J-Link device found'], 1, 'board.notFound'],
    [['Error: unable to find a matching CMSIS-DAP device'], 1, 'board.notFound'],
    [
      ["embedded:startup.tcl:28: Error: Can't find board/nothing.cfg", "in procedure 'script' "],
      1,
      'input.notFound'
    ],
    [['Error: Debug Adapter has to be specified, see "adapter driver" command'], 1, 'input.invalid'],
    [
      ['Error: libusb_open() failed with LIBUSB_ERROR_ACCESS', 'Error: no device found'],
      1,
      'board.permission'
    ],
    [
      [
        'Warn : JTAG tap: riscv.cpu       UNEXPECTED: 0x20000913 (mfg: 0x489 (SiFive Inc), part: 0x0000, ver: 0x2)',
        'Error: JTAG tap: riscv.cpu  expected 1 of 1: 0x10001fff (mfg: 0x7ff (<invalid>), part: 0x0001, ver: 0x1)',
        'Error: Trying to use configured scan chain anyway...',
        'shutdown command invoked'
      ],
      0,
      'board.wrongBoard'
    ],
    [['Error: JTAG scan chain interrogation failed: all ones'], 0, 'board.notFound'],
    [
      [
        'Error: No working memory available. Specify -work-area-phys to target.',
        'Error: checksum mismatch - attempting binary compare',
        'diff 0 address 0x80000010. Was 0x68 instead of 0x97'
      ],
      1,
      'board.crcMismatch'
    ],
    [
      [
        'Warn : Failed to write memory via system bus.',
        'Error: Target riscv.cpu: Failed to write memory (addr=0x6ffff000)'
      ],
      1,
      'board.addressRange'
    ],
    [
      ["Error: Error on socket 'Failed to connect': errno==9, message: Bad file descriptor."],
      1,
      'board.notFound'
    ],
    [['Error: timed out while waiting for target halted'], 1, 'board.timeout'],
    [['invalid command name "bogus_command"'], 1, 'tool.failed']
  ])('%j with status %d is %s', (lines, exitCode, code) => {
    const failure = read(lines).output.failure(exitCode)
    expect(failure).toMatchObject({ code })
    expect(failure!.hint).not.toBe('')
  })

  it('a wrong chip is named with both IDCODEs, a byte with its address and both values', () => {
    const chip = read([
      'Warn : JTAG tap: riscv.cpu       UNEXPECTED: 0x20000913 (mfg: 0x489)',
      'Error: JTAG tap: riscv.cpu  expected 1 of 1: 0x10001fff (mfg: 0x7ff)'
    ])
    expect(chip.output.failure(0)!.message).toBe(
      'The chip has IDCODE 0x20000913; the configuration is for 0x10001fff.'
    )
    const byte = read(['diff 0 address 0x80000010. Was 0x68 instead of 0x97'])
    expect(byte.output.failure(1)!.message).toContain('0x68 instead of 0x97 at 0x80000010')
  })

  it('an unknown failure repeats its own words', () => {
    expect(read(['invalid command name "bogus_command"']).output.failure(1)!.message).toContain(
      'bogus_command'
    )
    expect(createOpenOcdOutput(1).failure(null)!.message).toContain('by a signal')
  })
})
