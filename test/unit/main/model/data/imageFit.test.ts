import { describe, expect, it } from 'vitest'
import { checkClasses, fitsClasses } from '@main/model/data/imageFit'
import { plainNetwork } from '../../../../support/smallNetworks'

const graph = plainNetwork()
const outputs = graph.nodes[graph.output]!.outputShape.reduce((a, b) => a * b, 1)
const labelsUpTo = (classes: number): Uint8Array =>
  Uint8Array.from({ length: 3 * classes }, (_, at) => at % classes)

describe('labels and outputs', () => {
  it('fit when there is one output per class', () => {
    expect(fitsClasses(graph, labelsUpTo(outputs))).toBe(true)
    expect(() => checkClasses(graph, labelsUpTo(outputs))).not.toThrow()
  })

  it.each([outputs - 1, outputs + 1])('do not fit with %i classes, and evaluation says so', (classes) => {
    expect(fitsClasses(graph, labelsUpTo(classes))).toBe(false)
    expect(() => checkClasses(graph, labelsUpTo(classes))).toThrow(
      `The network gives ${outputs} numbers per image, the labels name ${classes} classes.`
    )
  })
})
