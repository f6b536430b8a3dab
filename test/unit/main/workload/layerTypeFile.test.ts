import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { layerTypeRule } from '@main/workload/layerTypeFile'
import { temporaryFolder } from '../../../support/temporaryFolder'

const fileWith = (text: string): string => {
  const file = path.join(temporaryFolder(), 'types.json')
  writeFileSync(file, text)
  return file
}

it('gives a layer the type of the first expression that is found in its name', async () => {
  const rule = await layerTypeRule(
    fileWith(String.raw`{"h\\.0\\.mlp": "ffn", "mlp$": "attention", "^head": "head"}`)
  )
  expect(['h.0.mlp', 'h.1.mlp', 'head', 'a.head', 'h.0.ln'].map(rule)).toEqual([
    'ffn',
    'attention',
    'head',
    undefined,
    undefined
  ])
})

it('says what is wrong with a file', async () => {
  await expect(layerTypeRule('/nowhere/types.json')).rejects.toThrow(/There is no file/)
  for (const text of ['{"a": "brain"}', '["ffn"]', 'a: ffn']) {
    await expect(layerTypeRule(fileWith(text))).rejects.toThrow(/does not hold types of layers/)
  }
  await expect(layerTypeRule(fileWith('{"(": "ffn"}'))).rejects.toThrow(/no regular expression/)
})
