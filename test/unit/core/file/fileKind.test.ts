import { describe, expect, it } from 'vitest'
import { fileKindOfSigns } from '@core/file/fileKind'
import { writeCheckpoint } from '@core/lm/checkpoint'
import { randomLm, tinyConfig } from '../../../support/randomLm'

const kindOf = (name: string, content: string | ArrayLike<number> = ''): string => {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content)
  return fileKindOfSigns({ name, isFolder: false, bytes, sizeBytes: bytes.length })
}

describe('kind of a file', () => {
  it('is decided by the first bytes where they decide', () => {
    expect(kindOf('monitor', [0x7f, 0x45, 0x4c, 0x46, 1])).toBe('program')
    // An ELF by its bytes stays one, whatever it is called.
    expect(kindOf('net.onnx', [0x7f, 0x45, 0x4c, 0x46])).toBe('program')
    expect(kindOf('short.elf', [0x7f])).toBe('program')
  })

  it('is a language model where the length follows from the header of llama2.c', () => {
    const bytes = writeCheckpoint(randomLm(tinyConfig, 3))
    expect(kindOf('stories.bin', bytes)).toBe('languageModel')
    // One byte less is a checkpoint that was cut off, or a program.
    expect(kindOf('stories.bin', bytes.subarray(1))).toBe('program')
    expect(kindOf('zeros.bin', new Uint8Array(64))).toBe('program')
    const head = { name: 'large.bin', isFolder: false, bytes: bytes.subarray(0, 64) }
    expect(fileKindOfSigns({ ...head, sizeBytes: bytes.length })).toBe('languageModel')
  })

  it.each([
    ['net.onnx', 'network'],
    ['NET.TFLITE', 'network'],
    ['a b.bbsession', 'session'],
    ['top.bit', 'bitstream'],
    ['monitor.bin', 'program'],
    ['data_batch_1.bin', 'dataset'],
    ['train-images-idx3-ubyte', 'dataset'],
    ['x.npz', 'dataset'],
    ['cat.JPG', 'dataset'],
    ['notes.docx', 'unknown'],
    ['noending', 'unknown'],
    ['', 'unknown']
  ])('%s is %s by its name', (name, kind) => expect(kindOf(name)).toBe(kind))

  it.each([
    ['N,M,K,QA,QW,Time\n1,2,3,8,8,99\n', 'kernelSamples'],
    ['\uFEFF"H";"W";"C";"K";"KS";"QA";"QW";"Time"\r\n', 'kernelSamples'],
    ['# made by hand\nsep=;\nn;m;k;qa;qw;time\n', 'kernelSamples'],
    ['C,H,W,K,S,Time\n', 'kernelSamples'],
    ['timestamp, name, power.draw [W]\n', 'recording'],
    ['recording_id,unix_ms,t_ms,gpu_index,power_w\n', 'recording'],
    ['start_time,window_name,elapsed_time,gpu0_energy\n', 'recording'],
    ['batch,prefill_ms,decode_ms\n', 'stageSamples'],
    ['a,time_stats.mlp_up_proj.median\n', 'stageSamples'],
    ['sepal,petal,species\n1,2,setosa\n', 'dataset'],
    ['', 'dataset']
  ])('a table %j is %s', (text, kind) => expect(kindOf('table.csv', text)).toBe(kind))

  it('reads the column names at the end of a Parquet file', () => {
    expect(kindOf('r.parquet', 'x\0recording_id\0power_w\0PAR1')).toBe('recording')
    expect(kindOf('s.parquet', 'activation_bits weight_bits')).toBe('kernelSamples')
    expect(kindOf('t.parquet', 'batch prefill_ms')).toBe('stageSamples')
  })

  it('a folder is a data set', () =>
    expect(fileKindOfSigns({ name: 'x.onnx', isFolder: true, sizeBytes: 0, bytes: new Uint8Array() })).toBe(
      'dataset'
    ))
})
