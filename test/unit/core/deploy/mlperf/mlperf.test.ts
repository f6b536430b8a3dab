import { describe, expect, it } from 'vitest'
import { loadCommands, readInfer, requireNoError } from '@core/deploy/mlperf/protocol'
import { inputsOf, readTruthFile } from '@core/deploy/mlperf/truthFile'

describe('MLPerf Tiny from the host', () => {
  it('sends an input in commands of at most 31 bytes, all of them in order', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, at) => at)
    const [load, ...data] = loadCommands(bytes)
    expect(load).toBe('db load 64')
    expect(data.map((command) => command.length)).toEqual([3 + 62, 3 + 62, 3 + 4])
    expect(data[2]).toBe('db 3e3f')
    expect(Buffer.from(data.map((command) => command.slice(3)).join(''), 'hex')).toEqual(Buffer.from(bytes))
  })

  it('reads times and results as the device printed them', () => {
    // Lines of LeNet-5 on QEMU, driven by MLCommons' runner (docs/mlperf-tiny.md).
    const lines = [
      ...['m-warmup-start-1', 'm-warmup-done', 'm-infer-start-3', 'm-lap-us-10876', 'm-lap-us-16895'],
      ...['m-infer-done', 'm-results-[-0.629737,4.928677,-0.490312]']
    ]
    expect(readInfer(lines)).toEqual({ elapsedUs: 6019, results: [-0.629737, 4.928677, -0.490312] })
  })

  it.each([
    ['no results', ['m-lap-us-1', 'm-lap-us-2']],
    ['one time', ['m-lap-us-1', 'm-results-[1]']],
    ['a clock that runs backwards', ['m-lap-us-2', 'm-lap-us-1', 'm-results-[1]']],
    ['a result that is no number', ['m-lap-us-1', 'm-lap-us-2', 'm-results-[1,nan]']],
    ['an empty result', ['m-lap-us-1', 'm-lap-us-2', 'm-results-[]']]
  ])('refuses a reply with %s', (_what, lines) => {
    expect(() => readInfer(lines)).toThrow(expect.objectContaining({ code: 'board.protocol' }))
  })

  it("reports the device's own words when it refuses", () => {
    expect(() => requireNoError('db load 7', ['e-[This network reads 784 bytes]'])).toThrow(
      'The device refused "db load 7": This network reads 784 bytes.'
    )
    requireNoError('name', ['m-name-dut-[x]'])
  })

  it('reads a truth file and names the line that is none', () => {
    expect(readTruthFile('a.bin, 10, 3\r\nb.bin,2,0\n\n')).toEqual([
      { file: 'a.bin', classes: 10, label: 3 },
      { file: 'b.bin', classes: 2, label: 0 }
    ])
    for (const wrong of [
      '',
      'a.bin',
      'a.bin,10,10',
      'a.bin,1,0',
      '../a.bin,2,0',
      'a.bin,2,-1',
      ',2,1',
      'a,b,c'
    ])
      expect(() => readTruthFile(wrong)).toThrow(/^Line 1 of the truth file/)
    expect(() => readTruthFile('a.bin,2,0\nb.bin,2,x')).toThrow(/^Line 2/)
    for (const wrong of ['a.bin,2,0,4', 'a.bin,2,0,4,0', 'a.bin,2,0,x,2'])
      expect(() => readTruthFile(wrong)).toThrow(/^Line 1/)
  })

  it('takes inputs that overlap out of one file, and leaves the rest behind the last one', () => {
    const [item] = readTruthFile('hum.bin,2,1,4,2')
    expect(item).toEqual({ file: 'hum.bin', classes: 2, label: 1, segments: { bytes: 4, stride: 2 } })
    const of = (length: number): number[][] =>
      inputsOf(
        item!,
        Uint8Array.from({ length }, (_, at) => at)
      ).map((bytes) => [...bytes])
    expect(of(9)).toEqual([
      [0, 1, 2, 3],
      [2, 3, 4, 5],
      [4, 5, 6, 7]
    ])
    expect(of(3)).toEqual([])
  })
})
