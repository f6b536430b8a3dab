import { homedir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from '@shared/contract'
import { z } from 'zod'
import { pathFields, withHostPaths } from '@main/wiring/hostPaths'

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  /** One type, or several where null is allowed too. */
  type?: string | string[]
}

/** Whether text can stand at the end of a way through the input. */
function holdsText(schema: JsonSchema | undefined, [key, ...rest]: readonly string[]): boolean {
  if (schema === undefined) return false
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined)
    return choices.some((one) => holdsText(one, key === undefined ? [] : [key, ...rest]))
  if (key === undefined) return [schema.type].flat().includes('string')
  return holdsText(key === '*' ? schema.items : schema.properties?.[key], rest)
}

describe('paths in the input of commands', () => {
  it.each(Object.entries(pathFields).flatMap(([name, fields]) => fields.map((field) => [name, field])))(
    '%s has text at %s',
    (name, field) => {
      const schema = z.toJSONSchema(commands[name as keyof typeof commands].in, { io: 'input' }) as JsonSchema
      expect(holdsText(schema, field!.split('.'))).toBe(true)
    }
  )

  it('are read as a person means them, wherever they stand; everything else stays', async () => {
    const seen: unknown[] = []
    const record = async (input: unknown): Promise<unknown> => seen.push(input)
    const handlers = withHostPaths({
      'model.open': record,
      'proxy.import': record,
      'board.load': record,
      'app.settings': record
    })
    await handlers['model.open']({ path: '~/a.onnx' } as never)
    await handlers['proxy.import']({ paths: ['~/x.csv', '/y.csv'], kernel: '~/k' } as never)
    await handlers['board.load']({ id: '~', file: { name: '~/n', base64: '' } } as never)
    await handlers['board.load']({ file: { path: 'file:///a%20b' } } as never)
    await handlers['app.settings']({ path: '~/a' } as never)
    const home = (name: string): string => path.join(homedir(), name)
    expect(seen).toEqual([
      { path: home('a.onnx') },
      { paths: [home('x.csv'), '/y.csv'], kernel: '~/k' },
      { id: '~', file: { name: '~/n', base64: '' } },
      { file: { path: '/a b' } },
      { path: '~/a' }
    ])
  })
})
