// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest'
import ItemPicture from '@renderer/views/dataset/ItemPicture.vue'
import { mountView, type Mounted } from '../../mountView'

let view: Mounted<Record<string, unknown>>
afterEach(() => {
  view.unmount()
  vi.restoreAllMocks()
})

/** Draws an item with values from 0 to 10 and gives what reached the canvas. */
function drawn(shape: [number, number, number], values: number[]) {
  const path: string[] = []
  const images: number[][] = []
  const context = {
    createImageData: (width: number, height: number) => ({ data: new Uint8ClampedArray(4 * width * height) }),
    putImageData: ({ data }: { data: Uint8ClampedArray }) => images.push([...data]),
    beginPath: () => undefined,
    stroke: () => undefined,
    moveTo: (x: number, y: number) => path.push(`M${x},${y}`),
    lineTo: (x: number, y: number) => path.push(`L${x},${y}`)
  }
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context as never)
  view = mountView(ItemPicture, {
    ...{ item: { name: 'a', label: null, shape, values }, low: 0, high: 10 }
  })
  return { path, images }
}

it('is grey of one channel and coloured of three, from the least value to the greatest', () => {
  expect(drawn([2, 2, 1], [0, 2, 4, 10]).images).toEqual([
    [0, 0, 0, 255, 51, 51, 51, 255, 102, 102, 102, 255, 255, 255, 255, 255]
  ])
  view.unmount()
  const colours = [10, 0, 0, 0, 10, 0, 0, 0, 10, 10, 10, 10]
  expect(drawn([2, 2, 3], colours).images).toEqual([
    [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255]
  ])
})

it('is a trace where it has one side: the least value below, the greatest on top', () => {
  expect(drawn([1, 3, 1], [0, 10, 5]).path).toEqual(['M2,94', 'L80,2', 'L158,48'])
  expect(view.text()).toContain('no label')
})
