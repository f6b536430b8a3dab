import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { exportOnnx } from '../../src/core/model/onnx/exportOnnx'
import { encodeOnnx } from '../../src/main/model/files/onnxFile'
import { resourcePath } from '../../src/main/paths'
import { mobileNetV2 } from '../mobileNet'

/** Networks that benches of workers search: their shipped file, or null for the one that is made. */
const files = {
  lenet5: 'lenet5-fashion.onnx',
  'resnet-tiny': 'resnet-tiny-fashion.onnx',
  resnet20: 'resnet20-tinted.onnx',
  vgg7: 'vgg7-tinted.onnx',
  /** Of half width for images of 28x28, seeded weights: the one of `npm run bench:evaluate`. */
  mobilenetv2: null
} as const

/** Name of a network that benches of workers search. */
export type BenchNetwork = keyof typeof files

export const benchNetworks = Object.keys(files) as readonly BenchNetwork[]

/** Calls `work` with the network's file; one that is made is removed behind it. */
export async function withNetwork<T>(name: BenchNetwork, work: (file: string) => Promise<T>): Promise<T> {
  const shipped = files[name]
  if (shipped !== null) return work(resourcePath('models', shipped))
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-network-'))
  try {
    const file = path.join(folder, `${name}.onnx`)
    writeFileSync(file, encodeOnnx(exportOnnx(mobileNetV2([1, 28, 28], { width: 0.5 }))))
    return await work(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
