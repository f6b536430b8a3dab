import { describe, expect, it } from 'vitest'
import { fileKindOfSigns } from '@core/file/fileKind'

const kindOf = (name: string, content: string | number[] = ''): string =>
  fileKindOfSigns({
    name,
    isFolder: false,
    bytes: typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content)
  })

describe('kind of a file', () => {
  it('is decided by the first bytes where they decide', () => {
    expect(kindOf('monitor', [0x7f, 0x45, 0x4c, 0x46, 1])).toBe('program')
    // An ELF by its bytes stays one, whatever it is called.
    expect(kindOf('net.onnx', [0x7f, 0x45, 0x4c, 0x46])).toBe('program')
    expect(kindOf('short.elf', [0x7f])).toBe('program')
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
    expect(fileKindOfSigns({ name: 'x.onnx', isFolder: true, bytes: new Uint8Array() })).toBe('dataset'))
})
