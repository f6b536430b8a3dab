import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { windowHint } from '@renderer/components/notices/windowHint'

const source = path.resolve(import.meta.dirname, '../../../../../src')
/** Sentences in quotes that name an option, of all that replies to the window; templates with a stand-in for every part. */
function sentencesWithOptions(): string[] {
  const files = ['main', 'core'].flatMap((folder) =>
    readdirSync(path.join(source, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => !file.startsWith(path.join(source, 'main/cli')))
      .sort()
  )
  const quoted = /'([^'\n]*--[a-z][^'\n]*)'|`([^`\n]*--[a-z][^`\n]*)`/g
  return files
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(quoted)])
    .map((match) => (match[1] ?? match[2]).replaceAll(/\$\{[^}]*\}/g, '32'))
    .filter((text) => text.split(' ').length > 4 || text.endsWith('.'))
}

it('puts what networks and data sets ask for into the words of the window', () => {
  expect(
    windowHint(
      'Give it its own data: bitbench dataset add PATH --name N, then --dataset N. Unlabelled items will do. Where a verb has no --dataset: bitbench model evaluate FILE --dataset N once; the network remembers it.'
    )
  ).toBe(
    'Give it its own data: add it on the page Data sets, choose it on the page Model. Unlabelled items will do.'
  )
  expect(windowHint('Add the set again with --size 28x28 --grey.')).toBe(
    'Add the set again with 28 x 28 as “Height x width” and grey as “Colours”.'
  )
  expect(
    windowHint(
      'If the labels do not show every class, add the set again with --classes N. Without fitting labels, --task unlabelled compares with the float network.'
    )
  ).toBe(
    'If the labels do not show every class, add the set again with all of them in “Classes in the network’s order”. Without fitting labels, the task “unlabelled” compares with the float network.'
  )
  expect(windowHint('Add the set again with other --splits, or with more items.')).toBe(
    'Add the set again with other shares under “Calibration, tune, search”, or with more items.'
  )
  expect(windowHint('If its values are classes, add the set again with --label "target".')).toBe(
    'If its values are classes, add the set again with “target” as “Class column”.'
  )
  expect(windowHint('Use --method ptq.')).toBe('Choose “calibrated only”.')
  expect(windowHint('Search or judge with --method reconstruct: it is.')).toBe(
    'Search again with candidates “calibrated by a longer search”: it is.'
  )
})

it.each([
  [
    'A Conv2D file has the columns H,W; check --kernel.',
    'A Conv2D file has the columns H,W; check “Kernel”.'
  ],
  [
    'Say which with --decimal . or --decimal , or write the numbers without marks of thousands.',
    'Say which under “Decimal mark”, or write the numbers without marks of thousands.'
  ],
  [
    'Say which with --decimal . or --decimal , or write the numbers without marks of thousands, cells separated by commas.',
    'Write the numbers without marks of thousands, cells separated by commas.'
  ],
  ['--decimal , reads it the other way.', '“Decimal mark” reads it the other way.'],
  ['Give --dataset FILE.jsonl: one a line.', 'Give “Test set (JSON lines)”: one a line.'],
  [
    'Give --entry FILE.py:FUNCTION, or a name of the transformers library with --dataset FILE.',
    'Give “Python file” and “Function that builds it”.'
  ],
  [
    'Check the speed of the line (--baud) and the kind of the meter (--kind).',
    'Check the speed of the line and the kind of the meter (“Kind”).'
  ],
  ['Give the csr.csv (--soc csr.csv).', 'Give the csr.csv (“Description”).'],
  [
    'Name a text file with one document a line: --text FILE.txt.',
    'Name a text file with one document a line, under “Texts to measure perplexity on”.'
  ]
])('puts "%s" into the words of the window', (hint, shown) => {
  expect(windowHint(hint)).toBe(shown)
})

/** Other programs' options, names of the command line's commands, and what is never shown in the window. */
const ofOthers =
  /bitbench [a-z]+ |"(?:gpu record|workload run) --|qemu-system|csr-(?:csv|json)|integrated-main-ram|--cpu-(?:type|variant)|udevadm|nvidia-smi|--query-gpu|--format=csv|--gpus all|export\.py|save-detailed|tcp-port|`bitbench --help`|runner needs --model/

it('leaves no option of the command line in what the host says, unless it names the command', () => {
  const texts = sentencesWithOptions()
  expect(texts.length).toBeGreaterThan(50)
  const left = texts.map(windowHint).filter((text) => /--[a-z]/.test(text) && !ofOthers.test(text))
  expect(left).toEqual([
    // A note of the command line alone.
    'as exported: 32 (--scheme exported)',
    // The data folder is an option of whatever starts the window.
    'The file was written by a newer Bitbench: start that one, or choose another data folder with --data.',
    'Close the other Bitbench, or give this one a data folder of its own with --data FOLDER.',
    'Use it at 32, close it, or give this one a data folder of its own with --data FOLDER.'
  ])
})
