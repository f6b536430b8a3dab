import type { FileKind } from '../../shared/vocabulary'
import { isDeviceTreeBlob } from '../board/description/deviceTree'
import { latin1Text } from '../binary/bytes'
import { isCheckpoint } from '../lm/checkpoint'

/** What is looked at to recognise a file: its name and its first bytes (of Parquet its last ones). */
export interface FileSigns {
  readonly name: string
  readonly isFolder: boolean
  /** Up to 64 KiB from the start; from the end where the format keeps its column names there (Parquet). */
  readonly bytes: Uint8Array
  /** Of the whole file. */
  readonly sizeBytes: number
}

const endings: Readonly<Record<string, FileKind>> = {
  ...{ onnx: 'network', tflite: 'network' },
  bbsession: 'session',
  elf: 'program',
  ...{ bit: 'bitstream', fs: 'bitstream', svf: 'bitstream', rbf: 'bitstream', rpd: 'bitstream' },
  ...{ jed: 'bitstream', mcs: 'bitstream', pof: 'bitstream' },
  ...{ npy: 'dataset', npz: 'dataset', gz: 'dataset', wav: 'dataset', idx: 'dataset', txt: 'dataset' },
  ...{ png: 'dataset', jpg: 'dataset', jpeg: 'dataset', bmp: 'dataset' },
  jsonl: 'stageSamples',
  ...{ dts: 'boardDescription', dtb: 'boardDescription' }
}

/** Whether bytes begin as an ELF file does (System V ABI, chapter 4: 0x7f "ELF"). */
export const isElfProgram = (bytes: Uint8Array): boolean =>
  [0x7f, 0x45, 0x4c, 0x46].every((sign, at) => bytes[at] === sign)

/**
 * What a file is for, by its first bytes where they decide and by its ending otherwise. A flat binary is a program: what
 * else it may be (CIFAR batches, a bitstream) is chosen on the page that takes it.
 */
export function fileKindOfSigns({ name, isFolder, bytes, sizeBytes }: FileSigns): FileKind {
  if (isFolder) return 'dataset'
  if (isElfProgram(bytes)) return 'program'
  if (isCheckpoint(bytes, sizeBytes)) return 'languageModel'
  const ending = /\.([^.]+)$/.exec(name.toLowerCase())?.[1] ?? ''
  if (isDeviceTreeBlob(bytes)) return 'boardDescription'
  if (ending === 'csv' || ending === 'tsv') return csvKindOf(firstLine(bytes))
  if (ending === 'json') return isDescriptionText(latin1Text(bytes)) ? 'boardDescription' : 'unknown'
  if (ending === 'parquet') return parquetKindOf(latin1Text(bytes))
  if (ending === 'bin' || ending === 'hex')
    return /^(data_batch|test_batch|train|test)[\w-]*\.bin$/i.test(name) ? 'dataset' : 'program'
  if (endings[ending] !== undefined) return endings[ending]
  return /-(images|labels)[.-]idx\d-ubyte$/i.test(name) ? 'dataset' : 'unknown'
}

/** A line of LiteX's csr.csv, which has no header. */
const litexLine = /^(csr_base|csr_register|constant|memory_region),/

/** LiteX's csr.json and soc.json, and descriptions of boards as Bitbench writes them. */
const isDescriptionText = (text: string): boolean =>
  text.includes('"csr_bases"') || (/"uart"\s*:/.test(text) && /"ram"\s*:/.test(text))

/** A table is samples of kernels, of stages, a recording, or else items of a data set. */
function csvKindOf(header: string): FileKind {
  if (litexLine.test(header)) return 'boardDescription'
  const names = header
    .replace(/^\uFEFF/, '')
    .split(/[,;\t|]/)
    .map((cell) => cell.trim().replaceAll('"', ''))
  const lower = new Set(names.map((name) => name.toLowerCase()))
  const has = (...wanted: string[]): boolean => wanted.every((name) => lower.has(name))
  if (has('qa', 'qw') || (has('k', 's', 'time') && has('c', 'h', 'w'))) return 'kernelSamples'
  if (isRecording(lower)) return 'recording'
  return isStages(names) ? 'stageSamples' : 'dataset'
}

/** The footer of a Parquet file names its columns in plain text. */
function parquetKindOf(footer: string): FileKind {
  const has = (name: string): boolean => footer.includes(name)
  if (has('recording_id') && has('power_w')) return 'recording'
  if (has('activation_bits') && has('weight_bits')) return 'kernelSamples'
  return 'stageSamples'
}

const isRecording = (names: ReadonlySet<string>): boolean =>
  (names.has('recording_id') && names.has('power_w')) ||
  (names.has('window_name') && names.has('elapsed_time')) ||
  (names.has('run_id') && names.has('gpu_energy')) ||
  (names.has('timestamp') && [...names].some((name) => name.startsWith('power.draw')))

const isStages = (names: readonly string[]): boolean =>
  names.some((name) => /^time_stats\.|(_ms|Ms)$/.test(name))

function firstLine(bytes: Uint8Array): string {
  const lines = latin1Text(bytes.subarray(0, 8192)).split(/\r?\n|\r/)
  return lines.find((line) => line.trim() !== '' && !line.startsWith('#') && !line.startsWith('sep=')) ?? ''
}
