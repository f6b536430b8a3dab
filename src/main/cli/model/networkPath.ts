import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { resourcePath } from '../../paths'
import { modelEnding } from '../../../core/model/modelEnding'

/**
 * The file of a network that a person names: a path, or the name of a shipped one (`resnet8-tinted`) or its unambiguous
 * beginning (`resnet8`, `lenet5`). A file of that name comes first; what is no shipped name stays a path.
 */
export function networkPath(cwd: string, given: string): string {
  const file = path.resolve(cwd, given)
  if (modelEnding.test(given) || given === '' || path.basename(given) !== given || existsSync(file))
    return file
  const folder = resourcePath('models')
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => name.slice(0, -'.onnx'.length))
  const found = names.includes(given) ? [given] : names.filter((name) => name.startsWith(`${given}-`))
  return found.length === 1 ? path.join(folder, `${found[0]}.onnx`) : file
}
