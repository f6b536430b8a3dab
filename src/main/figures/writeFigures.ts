import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { writeWholeFile } from '../files/replaceFile'
import { figureSvg, pngOfSvg, type Figure } from './renderFigure'

/** Writes every figure as SVG and PNG into a folder, which is created. Returns the paths written. */
export async function writeFigures(folder: string, figures: readonly Figure[]): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  for (const figure of figures) {
    const svg = figureSvg(figure)
    const contents = { svg, png: await pngOfSvg(svg, figure.width) }
    for (const [extension, content] of Object.entries(contents)) {
      const file = path.join(folder, `${figure.name}.${extension}`)
      await writeWholeFile(file, content)
      files.push(file)
    }
  }
  return files
}
