import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import type { DataFormat, DataSetRequest } from '../../shared/contract/dataset'
import { keywordFeatures, machineFeatures } from '../../core/dataset/audio/features'
import { isIdx } from '../../core/dataset/readIdx'
import { beginsLikeNpy } from '../../core/binary/npyHeader'
import { headOf } from './byteStreams'
import { arraysOf, openArrays } from './arraySources'
import { openCifar, openCsv, openIdx, openText } from './fileSources'
import { openImages, openManifest, openSounds } from './folderSources'
import { filesBelow, kindOf } from './folders'
import type { ItemSource } from './itemSource'
import { pictureEndings } from './pictures'

/**
 * Finds out what a path holds and how to read it.
 * @throws AppError data.missing, data.invalid when nothing readable is there
 */
export async function openSource(request: DataSetRequest): Promise<ItemSource> {
  const kind = await kindOf(request.path)
  const format =
    request.format ??
    (kind === 'file' ? await formatOfFile(request.path) : await formatOfFolder(request.path))
  switch (format) {
    case 'idx':
      return openIdx(request.path, kind)
    case 'cifar':
      return openCifar(request.path, kind)
    case 'csv':
      return openCsv(request)
    case 'text':
      return openText(request)
    case 'npy':
    case 'npz':
      return openArrays(request, format, await arraysOf(request.path, kind))
    case 'images':
      return openImages(request)
    case 'wav':
      return openSounds(request, request.features === 'mfcc' ? keywordFeatures : machineFeatures)
    case 'manifest':
      return openManifest(request, request.features === 'mfcc' ? keywordFeatures : machineFeatures)
  }
}

async function formatOfFile(file: string): Promise<DataFormat> {
  const head = await headOf(file, 12)
  if (isIdx(head)) return 'idx'
  if (beginsLikeNpy(head)) return 'npy'
  if (head[0] === 0x50 && head[1] === 0x4b) return 'npz'
  const ending = path.extname(file.replace(/\.gz$/, '')).toLowerCase()
  if (['.csv', '.tsv'].includes(ending)) return 'csv'
  if (ending === '.bin') return 'cifar'
  if (['.txt', '.text', '.md'].includes(ending)) return 'text'
  throw new AppError(
    'data.invalid',
    `${file} is in no format that is read here.`,
    'Give IDX, NPY, NPZ, CSV, CIFAR binary (.bin), text (.txt), or a folder of pictures or sounds.'
  )
}

async function formatOfFolder(folder: string): Promise<DataFormat> {
  const names = await readdir(folder)
  if (names.some((name) => /^manifest\.(csv|json)$/.test(name))) return 'manifest'
  if (names.some((name) => /(data_batch_\d+|test_batch|^train|^test)\.bin$/.test(name))) return 'cifar'
  if (names.some((name) => /images.*idx\d-ubyte(\.gz)?$/.test(name))) return 'idx'
  if (names.some((name) => name.endsWith('.npy'))) return 'npy'
  let looked = 0
  for await (const { name } of filesBelow(folder)) {
    const ending = path.extname(name).toLowerCase()
    if (pictureEndings.includes(ending)) return 'images'
    if (ending === '.wav') return 'wav'
    if (++looked > 10_000) break
  }
  throw new AppError(
    'data.invalid',
    `${folder} holds no pictures (PNG, JPEG, BMP), sounds (WAV), arrays or manifest.`,
    'Name a folder whose folders are the classes, or a file.'
  )
}
