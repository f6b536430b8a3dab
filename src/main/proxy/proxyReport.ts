import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { FittedProxy } from '../../core/proxy/fit/detail'
import { reportHtml } from '../../core/proxy/report/reportHtml'
import { figureSvg } from '../figures/renderFigure'
import { writeFigures } from '../figures/writeFigures'
import { writeWholeFile } from '../files/replaceFile'
import { proxyFigures } from './proxyFigures'

/**
 * Writes report.html (self-contained: its figures are inline SVG) and every figure as SVG and PNG into a folder.
 * Returns the paths written. @throws store.exportFailed
 */
export async function writeReport(
  folder: string,
  fitted: FittedProxy & { title: string }
): Promise<string[]> {
  const figures = proxyFigures(fitted)
  await mkdir(folder, { recursive: true })
  const report = path.join(folder, 'report.html')
  await writeWholeFile(report, reportHtml(fitted, figures.map(figureSvg)))
  return [report, ...(await writeFigures(folder, figures))]
}
