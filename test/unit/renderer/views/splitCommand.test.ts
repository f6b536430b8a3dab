import { describe, expect, it } from 'vitest'
import { splitCommand } from '@renderer/views/gpu/splitCommand'

describe('splitCommand', () => {
  it('splits at spaces and keeps quoted arguments whole', () => {
    expect(splitCommand('python  bench.py --name "two words" \'a b\'')).toEqual([
      'python',
      'bench.py',
      '--name',
      'two words',
      'a b'
    ])
    expect(splitCommand('run --out="my file".csv ""')).toEqual(['run', '--out=my file.csv', ''])
  })

  it('expands nothing', () => {
    expect(splitCommand('echo $HOME *; rm')).toEqual(['echo', '$HOME', '*;', 'rm'])
    expect(splitCommand('   ')).toEqual([])
  })
})
