import { inflateSync } from 'node:zlib'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  barPanel,
  boxPanel,
  curvePanel,
  figureOf,
  histogramPanel,
  scatterPanel,
  shortNumber
} from '@main/figures/charts'
import { figureSvg, pngOfSvg, withResolution } from '@main/figures/renderFigure'
import { writeFigures } from '@main/figures/writeFigures'

const folder = mkdtempSync(path.join(tmpdir(), 'figures-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bars = figureOf('bars', [
  barPanel('Two bars', 'ms', ['left', 'right'], [{ name: 'time', values: [1, 1234567] }])
])

describe('figures', () => {
  it('are SVG documents that hold their words, without scripts and links', () => {
    const svg = figureSvg(bars)
    for (const word of ['Two bars', 'left', 'right', '1.23M', 'DejaVu Sans']) expect(svg).toContain(word)
    expect(svg).not.toMatch(/<script|href=/)
    expect(svg).toMatch(/^<svg width="560" height="420"/)
  })

  it('draw values that differ by rounding alone: a stage that always takes as long', () => {
    const measured = 0.4
    const found = [0.4, 0.4000000000000001, 0.39999999999999997]
    const errors = found.map((value) => 100 * (value / measured - 1))
    const svg = figureSvg(
      figureOf('same', [
        scatterPanel('Scatter', 'ms', [
          { name: 'a', points: found.map((value) => [measured, value] as const) }
        ]),
        histogramPanel('Histogram', 'error, %', errors),
        boxPanel('Box', 'error, %', [{ name: 'low', values: errors.map(Math.abs) }])
      ])
    )
    for (const word of ['Scatter', 'Histogram', 'Box', '>0.4<', '>1<']) expect(svg).toContain(word)
  })

  it('draw every kind of panel beside one another', () => {
    const figure = figureOf('all', [
      scatterPanel('Scatter', 'ms', [
        {
          name: 'prefill',
          points: [
            [1, 1.1],
            [100, 90]
          ],
          bars: [
            [1, 2],
            [80, 95]
          ]
        }
      ]),
      histogramPanel('Histogram', 'error, %', [1, 2, 2, 3], 3),
      boxPanel('Box', 'error, %', [{ name: 'low', values: [1, 2, 3, 4, 5] }]),
      curvePanel('Curve', { label: 'N', log: true }, { label: 'MAPE, %' }, [
        {
          name: 'blend',
          points: [
            { x: 10, y: 5, deviation: 1 },
            { x: 100, y: 3 }
          ]
        },
        { name: 'none', points: [{ x: 10, y: 50 }] }
      ])
    ])
    expect([figure.width, figure.height]).toEqual([1120, 840])
    const svg = figureSvg(figure)
    for (const title of ['Scatter', 'Histogram', 'Box', 'Curve', 'none', 'blend'])
      expect(svg).toContain(title)
  })

  it('are PNG at 300 dpi, at least 2,100 dots wide, with the text drawn', async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="70" height="10"><rect width="35" height="10" fill="#f00"/></svg>`
    const png = Buffer.from(await pngOfSvg(svg, 70))
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2100, 300])
    const at = png.indexOf('pHYs')
    expect([png.readUInt32BE(at + 4), png.readUInt32BE(at + 8), png[at + 12]]).toEqual([11811, 11811, 1])
    const start = png.indexOf('IDAT')
    const parts: Buffer[] = []
    for (let from = start; png.subarray(from, from + 4).toString() === 'IDAT';) {
      const length = png.readUInt32BE(from - 4)
      parts.push(png.subarray(from + 4, from + 4 + length))
      from += length + 12
    }
    expect(inflateSync(Buffer.concat(parts)).length).toBeGreaterThan(2100 * 300)
    const word = `<svg xmlns="http://www.w3.org/2000/svg" width="70" height="20"><text y="15" font-family="DejaVu Sans">W</text></svg>`
    const blank = word.replace('>W<', '> <')
    expect(
      Buffer.compare(Buffer.from(await pngOfSvg(word, 70)), Buffer.from(await pngOfSvg(blank, 70)))
    ).not.toBe(0)
  })

  it('have a checksum over the resolution that other readers accept', () => {
    const png = Buffer.from(withResolution(new Uint8Array(40)))
    // zlib.crc32(b'pHYs' + 11811, 11811 as big endian + 1) in Python.
    expect(png.readUInt32BE(33 + 17)).toBe(0x78a53f76)
  })

  it('are written as SVG and PNG', async () => {
    const files = await writeFigures(path.join(folder, 'new'), [bars])
    expect(files.map((file) => path.basename(file))).toEqual(['bars.svg', 'bars.png'])
    expect(readFileSync(files[0] ?? '', 'utf8')).toBe(figureSvg(bars))
  })

  it('shorten numbers to three digits', () => {
    expect([0, 0.01234, 999, 1000, 2.5e6, -3e9].map(shortNumber)).toEqual([
      '0',
      '0.0123',
      '999',
      '1k',
      '2.5M',
      '-3G'
    ])
  })
})
