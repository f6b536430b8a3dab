/** How the numbers of a file are written; auto: as the file has it. */
export type DecimalChoice = 'auto' | '.' | ','

/** The choices of a field “Decimal mark”. */
export const decimalChoices: readonly { value: DecimalChoice; text: string }[] = [
  { value: 'auto', text: 'as the file has it' },
  { value: '.', text: '1.5' },
  { value: ',', text: '1,5' }
]
