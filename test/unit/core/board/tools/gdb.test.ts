import { describe, expect, it } from 'vitest'
import { checkCompared, downloadProgress, explainGdb, parseCompareSections } from '@core/board/tools/gdbLoad'
import { miString, parseMi } from '@core/board/tools/gdbMi'

// The records are those that GDB 13.1 prints while it loads the monitor into QEMU.
describe('GDB/MI', () => {
  it.each([
    ['(gdb) ', { kind: 'prompt' }],
    ['1^done', { kind: 'result', token: 1, class: 'done', values: {} }],
    [
      '3^error,msg="127.0.0.1:1: Connection refused."',
      { kind: 'result', token: 3, class: 'error', values: { msg: '127.0.0.1:1: Connection refused.' } }
    ],
    [
      '6+download,{section=".text",section-sent="2032",section-size="45632",total-sent="2032",total-size="65726"}',
      {
        kind: 'async',
        token: 6,
        sign: '+',
        class: 'download',
        values: {
          section: '.text',
          'section-sent': '2032',
          'section-size': '45632',
          'total-sent': '2032',
          'total-size': '65726'
        }
      }
    ],
    [
      '*stopped,frame={addr="0x00001000",func="??",args=[],arch="riscv:rv32"},thread-id="1",stopped-threads="all"',
      {
        kind: 'async',
        token: null,
        sign: '*',
        class: 'stopped',
        values: {
          frame: { addr: '0x00001000', func: '??', args: [], arch: 'riscv:rv32' },
          'thread-id': '1',
          'stopped-threads': 'all'
        }
      }
    ],
    [
      '^done,bkpt={addr="1",locations=[{n="1.1"},{n="1.2"}],names=["a","b"],pair=[x="1",y="2"]}',
      {
        kind: 'result',
        token: null,
        class: 'done',
        values: {
          bkpt: {
            addr: '1',
            locations: [{ n: '1.1' }, { n: '1.2' }],
            names: ['a', 'b'],
            pair: [{ x: '1' }, { y: '2' }]
          }
        }
      }
    ],
    ['~"a \\"quoted\\" \\t tab\\n"', { kind: 'stream', source: 'console', text: 'a "quoted" \t tab\n' }],
    ['&"\\302\\265s\\n"', { kind: 'stream', source: 'log', text: 'µs\n' }],
    ['output of the target', null],
    ['', null]
  ])('%j', (line, record) => {
    expect(parseMi(line)).toEqual(record)
  })

  it('damaged records end, and keep what was whole', () => {
    expect(parseMi('*stopped,reason="sig')).toMatchObject({ values: { reason: 'sig' } })
    expect(parseMi('*stopped,frame={addr="1",x')).toMatchObject({ values: { frame: { addr: '1' } } })
    expect(parseMi('^done,list=[?]')).toMatchObject({ class: 'done' })
  })

  it('a string with quotes and backslashes survives both ways', () => {
    const text = 'C:\\a "b"\n$(rm)'
    expect(parseMi(`~${miString(text)}`)).toEqual({ kind: 'stream', source: 'console', text })
  })
})

describe('loading with GDB', () => {
  it('progress counts bytes that are loaded, not debug information', () => {
    const record = parseMi(
      '6+download,{section=".text",section-sent="2032",total-sent="2032",total-size="65726"}'
    )!
    expect(downloadProgress(record, 45_632)).toEqual({ fraction: 2032 / 45632, note: 'writing .text' })
    // The announcement of a section tells no progress.
    expect(downloadProgress(parseMi('6+download,{section=".text",section-size="45632"}')!, 45_632)).toBeNull()
  })

  it('reads compared sections; one that differs is an error with its range', () => {
    const text =
      'Section .text, range 0x80000000 -- 0x8000b240: matched.\nSection .data, range 0x70000000 -- 0x70001002: MIS-MATCHED!\n'
    const sections = parseCompareSections(text)
    expect(sections).toEqual([
      { section: '.text', from: 0x8000_0000, to: 0x8000_b240, matched: true },
      { section: '.data', from: 0x7000_0000, to: 0x7000_1002, matched: false }
    ])
    expect(() => checkCompared(sections.slice(0, 1))).not.toThrow()
    expect(() => checkCompared(sections)).toThrow(
      expect.objectContaining({
        code: 'board.crcMismatch',
        message: expect.stringContaining('.data (0x70000000 to 0x70001002)')
      })
    )
  })

  it.each([
    ['file', '"x.bin": not in executable format: file format not recognized', 'input.invalid'],
    ['connect', '127.0.0.1:1: Connection refused.', 'board.notFound'],
    ['connect', '127.0.0.1:1: Connection timed out.', 'board.notFound'],
    ['connect', 'nosuchhost.invalid:1: cannot resolve name: Name or service not known', 'board.notFound'],
    ['connect', 'bfd requires xlen 8, but target has xlen 4', 'board.wrongBoard'],
    ['write', 'Cannot access memory at address 0x70000000', 'board.addressRange'],
    ['write', 'Remote connection closed', 'board.disconnected'],
    ['start', "You can't do that when your target is `exec'", 'tool.failed']
  ] as const)('%s: %s is %s', (step, message, code) => {
    const error = explainGdb(step, message, '127.0.0.1:1')
    expect(error.code).toBe(code)
    expect(error.message).toContain(code === 'board.notFound' ? '127.0.0.1:1' : message)
  })
})
