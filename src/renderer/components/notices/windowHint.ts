type Replacement = readonly [option: RegExp, instead: string]

const dataSets: readonly Replacement[] = [
  [
    /bitbench dataset add PATH --name N --task unlabelled/g,
    'add it on the page Data sets with the task “unlabelled”'
  ],
  [
    /bitbench dataset add PATH --name N, then --dataset N/g,
    'add it on the page Data sets, choose it on the page Model'
  ],
  [
    / Where a verb has no --dataset: bitbench model evaluate FILE --dataset N once; the network remembers it\./g,
    ''
  ],
  [/bitbench dataset add PATH --name NAME/g, 'the page Data sets does that'],
  [/with other --splits/g, 'with other shares under “Calibration, tune, search”'],
  [
    /with --layout chw --size (\d+)x(\d+)/g,
    'with “channels first” as “Axes of arrays” and $1 x $2 as “Height x width”'
  ],
  [/with --layout chw/g, 'with “channels first” as “Axes of arrays”'],
  [
    /is named with --label \(classes\) or --target \(numbers\)/g,
    'is named as “Class column” or “Columns to predict”'
  ],
  [/with --label "([^"]*)"/g, 'with “$1” as “Class column”'],
  [/with --size (\d+)x(\d+) --grey/g, 'with $1 x $2 as “Height x width” and grey as “Colours”'],
  [/with --size (\d+)x(\d+)/g, 'with $1 x $2 as “Height x width”'],
  [/with --classes N/g, 'with all of them in “Classes in the network’s order”'],
  [/use --task (\w+)/g, 'choose the task “$1”'],
  [/with --task (\w+)/g, 'with the task “$1”'],
  [/--task (\w+)/g, 'the task “$1”'],
  [/Use --method ptq/g, 'Choose “calibrated only”'],
  [
    /Search or judge with --method reconstruct/g,
    'Search again with candidates “calibrated by a longer search”'
  ],
  [
    /Name them with --target COLUMN, or as y in an NPZ/g,
    'Name them as y in an NPZ; columns of a table under “Columns to predict”'
  ]
]

const samples: readonly Replacement[] = [
  [/--kernel\b/g, '“Kernel”'],
  // Files of stage times have no such field in the window.
  [/Say which with --decimal \. or --decimal , or write (?=[^.]*, cells)/g, 'Write '],
  [/Say which with --decimal \. or --decimal ,/g, 'Say which under “Decimal mark”,'],
  [/--decimal \S+(?= reads)/g, '“Decimal mark”'],
  [
    /with --unit, or the mark of thousands with --decimal ,/g,
    'under “Unit of Time” on the page Profile, or the mark of thousands under “Decimal mark”'
  ],
  [/Add --use-all-datasets to read the folders below it/g, 'Name the folder of the samples itself'],
  [/Check --results-dir/g, 'Check the path'],
  [/Ask for fewer with --n, or give more target rows/g, 'Give more rows of the new device']
]

const workloads: readonly Replacement[] = [
  [/Only for --runner torch/g, 'Only for networks on PyTorch'],
  [
    /Give --entry FILE\.py:FUNCTION, or a name of the transformers library with --dataset FILE/g,
    'Give “Python file” and “Function that builds it”'
  ],
  [/Give --dataset FILE(?:\.jsonl)?/g, 'Give “Test set (JSON lines)”'],
  [/name the interpreter with --python/g, 'name the interpreter in the variable BITBENCH_PYTHON'],
  [/ \(--lock-clock MHZ\)/g, ' (bitbench gpu record --lock-clock MHZ)'],
  [
    /give the path of bitbench on that machine with --bitbench/g,
    'give the path of bitbench on that machine: bitbench remote add NAME --bitbench PATH'
  ]
]

const boards: readonly Replacement[] = [
  [/ \(--trial\)/g, ' (“Trial, ms”)'],
  [/ \(--trials\)/g, ' (“Trials”)'],
  [/ \(--kind\)/g, ' (“Kind”)'],
  [/ \(--voltage 3\.3\)/g, ' (“Supply, V”)'],
  [/with --baud, or under /g, 'under '],
  [/ \(--baud\)/g, ''],
  [/choose its loader \(--loader esp\)/g, 'choose “esp” under “Boot loader” in its description'],
  [/ \(--description FILE\)/g, ' (“Description”)'],
  [/ \(--soc csr\.csv\)/g, ' (“Description”)'],
  [/ \(--soc\)/g, ' (“Description”)'],
  [/: --tokenizer FILE/g, ' as “Tokenizer”'],
  [/: --calibration FILE\.txt/g, ', under “Texts to choose scales on”'],
  [/: --text FILE\.txt/g, ', under “Texts to measure perplexity on”'],
  [/: --decoders (\d+)/g, ': bitbench lm profile --decoders $1']
]

/**
 * What the host says about options of the command line, and what a user of the window does instead. Each is tried everywhere in
 * a hint, in this order.
 */
const replacements: readonly Replacement[] = [...dataSets, ...samples, ...workloads, ...boards]

/** A hint in the words of the window: fields and pages where the command line has options. */
export function windowHint(hint: string): string {
  return replacements.reduce((text, [option, instead]) => text.replace(option, instead), hint)
}
