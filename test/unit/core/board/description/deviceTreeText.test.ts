import { describe, expect, it } from 'vitest'
import type { DeviceNode } from '@core/board/description/deviceTree'
import { isDeviceTreeText, parseDeviceTreeText } from '@core/board/description/deviceTreeText'

const tree = (text: string): unknown => plain(parseDeviceTreeText(text))
function plain(node: DeviceNode): unknown {
  const values = Object.fromEntries([...node.properties].map(([name, bytes]) => [name, [...bytes]]))
  return { ...values, ...Object.fromEntries(node.children.map((child) => [child.name, plain(child)])) }
}

describe('device trees as text', () => {
  it('have cells, bytes, texts and marks', () => {
    const text = `=> fdt print /
      / {
        #address-cells = <0x00000001>;
        reg = <1 0x80000000 &label>, [00 ff 1a];
        compatible = "a,b", "c"; // a comment
        empty;
        cpus { cpu@0 { on; }; /* and another */ l2: cache { }; };
        last = <4294967295>;
      };`
    expect(tree(text)).toEqual({
      '#address-cells': [0, 0, 0, 1],
      reg: [0, 0, 0, 1, 128, 0, 0, 0, 0, 0, 0, 0, 0, 255, 26],
      compatible: [97, 44, 98, 0, 99, 0],
      empty: [],
      cpus: { 'cpu@0': { on: [] }, cache: {} },
      last: [255, 255, 255, 255]
    })
  })

  it('may close a node without a semicolon, as U-Boot prints the root', () => {
    expect(tree('/ { a { b; } c { d; }; }')).toEqual({ a: { b: [] }, c: { d: [] } })
  })

  it('are refused where they are cut, out of place or no numbers', () => {
    expect(isDeviceTreeText('no tree { }')).toBe(false)
    expect(isDeviceTreeText('/ {')).toBe(true)
    for (const [text, reason] of [
      ['cpus { };', 'no line "/ {"'],
      ['/ { a { b; };', 'in the middle of a node'],
      ['/ { a = <1', 'in the middle of a node'],
      ['/ { a b; };', '"a" is out of place'],
      ['/ { a = <4294967296>; };', 'no 32-bit number'],
      ['/ { a = <-1>; };', 'no 32-bit number'],
      ['/ { a = [123]; };', 'no bytes']
    ] as const)
      expect(() => parseDeviceTreeText(text), text).toThrow(reason)
  })

  it('are nested 63 deep below the root and no deeper', () => {
    const nested = (depth: number): string => `/ { ${'a { '.repeat(depth)}${'}; '.repeat(depth)}};`
    expect(() => parseDeviceTreeText(nested(63))).not.toThrow()
    expect(() => parseDeviceTreeText(nested(64))).toThrow('nested too deep')
  })
})
