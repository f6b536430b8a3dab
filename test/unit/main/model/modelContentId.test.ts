import { describe, expect, it } from 'vitest'
import { modelContentId } from '@main/model/modelContentId'
import { readModelFile } from '@main/model/readModelFile'
import { resourcePath } from '@main/paths'

describe('content of a network', () => {
  it('is the id that the network has when it is opened', async () => {
    const file = resourcePath('workloads', 'gloss-classifier.onnx')
    expect(await modelContentId(file)).toBe((await readModelFile(file)).id)
  })
  it('is unknown of a file that is not there', async () => {
    expect(await modelContentId('/nowhere/net.onnx')).toBeNull()
  })
})
