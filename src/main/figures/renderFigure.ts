import { createRequire } from 'node:module'
import { renderAsync } from '@resvg/resvg-js'
import { init, setPlatformAPI, type EChartsCoreOption } from 'echarts/core'
import { crc32 } from '../../core/binary/crc'
import { onDisk } from '../paths'
import './parts'
import { textWidth } from './textWidth'

setPlatformAPI({
  measureText: (text, font) => ({ width: textWidth(text, Number(/([\d.]+)px/.exec(font ?? '')?.[1] ?? 12)) })
})

/** A chart by its ECharts option, and its size in CSS pixels. */
export interface Figure {
  /** File name without extension. */
  name: string
  option: EChartsCoreOption
  width: number
  height: number
}

/** The font ships with the product: a machine without a display may have none. */
const fontFamily = 'DejaVu Sans'
const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
  onDisk(createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${file}`))
)
/** 300 dots per inch in dots per metre, and the least width of a PNG. */
const dotsPerMetre = 11811
const minWidth = 2100

/** Standalone SVG document, drawn without a display. */
export function figureSvg({ name, option, width, height }: Figure): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily },
      ...option
    })
    return stillSvg(chart.renderToSVGString(), name)
  } finally {
    chart.dispose()
  }
}

/** The same text for the same option: without what ECharts adds for a pointer, and with ids by the figure's name. */
function stillSvg(svg: string, name: string): string {
  return svg
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ (?:class="zr|ecmeta_\w+=")[^"]*"/g, '')
    .replace(/\bzr\d+-/g, `${name}-`)
}

/** PNG of an SVG at 300 dots per inch and at least 2,100 dots wide. */
export async function pngOfSvg(svg: string, width: number): Promise<Uint8Array> {
  const image = await renderAsync(svg, {
    fitTo: { mode: 'width', value: Math.max(minWidth, 3 * width) },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: fontFamily, sansSerifFamily: fontFamily },
    background: '#ffffff'
  })
  return withResolution(image.asPng())
}

/** Adds a pHYs chunk behind the header (PNG specification, 11.3.4.3): without it printers assume 72 or 96 dpi. */
export function withResolution(png: Uint8Array): Uint8Array {
  const headerEnd = 8 + 25
  const chunk = new Uint8Array(21)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, 9)
  chunk.set(new TextEncoder().encode('pHYs'), 4)
  view.setUint32(8, dotsPerMetre)
  view.setUint32(12, dotsPerMetre)
  chunk[16] = 1
  view.setUint32(17, crc32(chunk.subarray(4, 17)))
  const result = new Uint8Array(png.length + chunk.length)
  result.set(png.subarray(0, headerEnd))
  result.set(chunk, headerEnd)
  result.set(png.subarray(headerEnd), headerEnd + chunk.length)
  return result
}
