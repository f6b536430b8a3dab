import { describe, expect, it } from 'vitest'
import { createOpenFpgaLoaderOutput, parseDetect, parseNameTable } from '@core/board/tools/openFpgaLoader'
import { createTextLines } from '@core/text/lines'

/** Feeds text as a process prints it, in pieces of `size` characters. */
function read(text: string, size = 7) {
  const output = createOpenFpgaLoaderOutput()
  const lines = createTextLines({ maxLength: 16_384, carriageReturnEnds: true })
  const progress: number[] = []
  const take = (line: string): void => {
    const found = output.line(line)
    if (found !== null) progress.push(found.fraction)
  }
  for (let at = 0; at < text.length; at += size) lines.push(text.slice(at, at + size)).forEach(take)
  take(lines.rest())
  return { output, progress }
}

// What version 0.10.0 prints for a load into SRAM over a virtual cable.
const success = [
  'detected xvcServer version v1.0 packet size 1024\n',
  'freq 6000000 166.666667 166 0\na6 0 0 0\n',
  'Open file DONE\nParse file DONE\nload program\n',
  '\rFlash SRAM: [=====                                             ] 10.00%',
  '\rFlash SRAM: [=======================                           ] 45.00%',
  '\rFlash SRAM: [==================================================] 100.00%\nDone\n'
].join('')

describe('output of openFPGALoader', () => {
  it.each([1, 3, 64, 10_000])(
    'progress is read from a bar redrawn with carriage returns, %d at a time',
    (size) => {
      const { output, progress } = read(success, size)
      expect(progress).toEqual([0.1, 0.45, 1])
      expect(output.failure(0)).toBeNull()
    }
  )

  it.each([
    [
      'unable to open ftdi device: -3 (device not found)\nJTAG init failed with: unable to open ftdi device\n',
      1,
      'board.notFound'
    ],
    [
      'unable to open ftdi device: -4 (usb_open failed)\nJTAG init failed with: unable to open ftdi device\n',
      1,
      'board.permission'
    ],
    ["Error: cannot find board 'icebreaker'\n", 1, 'input.invalid'],
    ['error : nosuch not found\n', 1, 'input.invalid'],
    [
      'JTAG init failed with: Unknown device with IDCODE: 0x12345677 (manufacturer: 0x33b (), part: 0x11 vers: 0x1\n',
      1,
      'board.wrongBoard'
    ],
    ['Connection error\nJTAG init failed with: connection failure\n', 1, 'board.notFound'],
    ['Flash SRAM: [=========      ] 31.00%\rReceive error\n', null, 'board.disconnected'],
    // These two end with status 0.
    ['Open file \nFAIL\n', 0, 'input.notFound'],
    [
      "write to flash\nOpen file DONE\nParse file DONE\nCan't program SPI flash: missing device-package information\n",
      0,
      'input.invalid'
    ],
    [
      'Open file DONE\nParse file \nError: Failed to program FPGA: basic_string::substr: __pos (which is 18446744073709526083) > this->size() (which is 100000)\n',
      1,
      'input.invalid'
    ]
  ])('%j with status %s is %s', (text, exitCode, code) => {
    const failure = read(text).output.failure(exitCode)
    expect(failure).toMatchObject({ code })
    expect(failure!.hint).not.toBe('')
    expect(failure!.details?.['output']).toContain(
      text
        .trim()
        .split(/[\r\n]+/)
        .at(-1)!
        .slice(0, 20)
    )
  })

  it('silence with status 0 is not taken for success', () => {
    expect(read('').output.failure(0)).toMatchObject({ code: 'tool.failed' })
  })

  it('reads the chips of a chain', () => {
    const text = [
      'freq 6000000 166.666667 166 0',
      'index 0:',
      '\tidcode 0x362d093',
      '\tmanufacturer xilinx',
      '\tfamily artix a7 35t',
      '\tmodel  xc7a35',
      '\tirlength 6',
      'index 1:',
      '\tidcode 0x4ba00477',
      '\ttype   ARM cortex A9',
      '\tirlength 4'
    ].join('\n')
    expect(parseDetect(text)).toEqual([
      { idcode: 0x362d093, manufacturer: 'xilinx', family: 'artix a7 35t', model: 'xc7a35' },
      { idcode: 0x4ba00477, manufacturer: '', family: '', model: '' }
    ])
    expect(parseDetect('')).toEqual([])
  })

  it('reads name tables, boards without a cable included', () => {
    expect(
      parseNameTable('board name               cable_name\nac701     digilent\nalinx_ax516              \n')
    ).toEqual([
      { name: 'ac701', value: 'digilent' },
      { name: 'alinx_ax516', value: '' }
    ])
  })
})
