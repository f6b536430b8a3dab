import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createModelDataSets } from '@main/model/data/modelDataSets'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-model-data-'))
  file = path.join(folder, 'modelDataSets.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the data set of each model', () => {
  it('is remembered across starts, and forgotten for the shipped images', async () => {
    await createModelDataSets(file).set('lenet', 'digits')
    await createModelDataSets(file).set('vgg', 'photos')
    expect(await createModelDataSets(file).get('lenet')).toBe('digits')
    await createModelDataSets(file).set('lenet', null)
    expect(await createModelDataSets(file).get('lenet')).toBeNull()
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ vgg: 'photos' })
  })

  it('lasts as long as the process without a file', async () => {
    const names = createModelDataSets(null)
    await names.set('lenet', 'digits')
    expect(await names.get('lenet')).toBe('digits')
  })

  it('leaves out an entry that is no name, and keeps the others', async () => {
    writeFileSync(file, '{"lenet": 7, "vgg": "photos", "net": {"name": "x"}}')
    const names = createModelDataSets(file)
    expect([await names.get('lenet'), await names.get('vgg'), await names.get('net')]).toEqual([
      null,
      'photos',
      null
    ])
  })

  it.each([
    ['cut off', '{"lenet": "dig'],
    ['a list', '["digits"]'],
    ['null', 'null'],
    ['a text', '"digits"']
  ])(
    'falls back to the shipped images when the file is %s, and can be written again',
    async (_what, text) => {
      writeFileSync(file, text)
      const names = createModelDataSets(file)
      expect(await names.get('lenet')).toBeNull()
      await names.set('lenet', 'digits')
      expect(await createModelDataSets(file).get('lenet')).toBe('digits')
    }
  )
})
