/**
 * What the host says about options of the command line, and what a user of the window does instead. The first that fits is
 * taken; each is tried everywhere in a hint.
 */
const replacements: readonly (readonly [RegExp, string])[] = [
  [
    /bitbench dataset add PATH --name N --task unlabelled/g,
    'add it on the page Data sets with the task “unlabelled”'
  ],
  [
    /bitbench dataset add PATH --name N, then --dataset N/g,
    'add it on the page Data sets, choose it on the page Model'
  ],
  [/bitbench dataset add PATH --name NAME/g, 'the page Data sets does that'],
  [/with other --splits, or /g, ''],
  [/with --size (\d+)x(\d+) --grey/g, 'with $1 x $2 as “Height x width” and grey as “Colours”'],
  [/with --size (\d+)x(\d+)/g, 'with $1 x $2 as “Height x width”'],
  [/with --classes N/g, 'with all of them in “Classes in the network’s order”'],
  [/use --task (\w+)/g, 'choose the task “$1”'],
  [/with --task (\w+)/g, 'with the task “$1”'],
  [/--task (\w+)/g, 'the task “$1”'],
  [/Use --method ptq/g, 'Choose “calibrated only”'],
  [
    /Name them with --target COLUMN, or as y in an NPZ/g,
    'Name them as y in an NPZ; columns of a table: bitbench dataset add with --target COLUMN'
  ]
]

/** A hint in the words of the window: fields and pages where the command line has options. */
export function windowHint(hint: string): string {
  return replacements.reduce((text, [option, instead]) => text.replace(option, instead), hint)
}
