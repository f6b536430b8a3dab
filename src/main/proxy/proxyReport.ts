import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { FittedProxy } from '../../core/proxy/fit/detail'
import {
  errorScene,
  importanceScene,
  learningScene,
  residualScene,
  scatterScene,
  type Scene
} from '../../core/proxy/report/figures'
import { reportHtml } from '../../core/proxy/report/reportHtml'
import { toSvg } from '../../core/proxy/report/svg'
import { toPng } from './png'

/**
 * Writes report.html (self-contained: its figures are inline SVG) and every figure as SVG and PNG into a folder.
 * Answers the paths written.
 */
export async function writeReport(
  folder: string,
  fitted: FittedProxy & { title: string }
): Promise<string[]> {
  const scenes: [string, Scene][] = [
    ['errors', errorScene(fitted)],
    ['predicted-measured', scatterScene(fitted)],
    ['residuals', residualScene(fitted)]
  ]
  if (fitted.learningCurve.length > 0) scenes.push(['learning-curve', learningScene(fitted)])
  if (fitted.importance.length > 0) scenes.push(['importance', importanceScene(fitted)])
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    const file = path.join(folder, name)
    await writeFile(file, content)
    files.push(file)
  }
  await write(
    'report.html',
    reportHtml(
      fitted,
      scenes.map(([, scene]) => toSvg(scene))
    )
  )
  for (const [name, scene] of scenes) {
    await write(`${name}.svg`, toSvg(scene))
    await write(`${name}.png`, toPng(scene))
  }
  return files
}
