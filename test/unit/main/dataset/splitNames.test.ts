import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { dataSetRequestSchema } from '@shared/contract/dataset'
import { keywordFeatures } from '@core/dataset/audio/features'
import { placeOfSplit } from '@core/dataset/splitNames'
import { openManifest } from '@main/dataset/folderSources'

it('names of splits mean the same in every case, and others none', () => {
  expect(['train', 'Train', 'TEST', 'val', 'valid', 'Validation', 'tune'].map(placeOfSplit)).toEqual([
    { split: null, origin: 'train' },
    { split: null, origin: 'train' },
    { split: 'test', origin: 'test' },
    { split: 'search', origin: null },
    { split: 'search', origin: null },
    { split: 'search', origin: null },
    { split: 'tune', origin: null }
  ])
  expect(['', 'dev', 'constructor'].map(placeOfSplit)).toEqual([null, null, null])
})

it('a manifest may call a split "val", as a folder may', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'bitbench-manifest-'))
  try {
    await sharp({ create: { width: 2, height: 2, channels: 3, background: '#123456' } })
      .png()
      .toFile(path.join(folder, 'a.png'))
    await writeFile(
      path.join(folder, 'manifest.csv'),
      'file,label,split\na.png,x,val\na.png,x,\na.png,x,what\n'
    )
    const request = dataSetRequestSchema.parse({ path: folder, name: 'set' })
    const found = []
    for await (const item of (await openManifest(request, keywordFeatures)).items()) found.push(item)
    expect(found).toMatchObject([
      { kind: 'good', split: 'search' },
      { kind: 'good', split: null },
      { kind: 'bad', reason: '"what" is no split' }
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
