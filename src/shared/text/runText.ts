import type { Run } from '../contract/run'

/** The session that an imported run came from. */
export const fromText = ({ file, example }: NonNullable<Run['imported']>): string =>
  example ? `example session ${file}` : `session ${file}`

/** The letter of a run that is compared, by its place: A is what the others are compared with. */
export const runLetter = (index: number): string => String.fromCharCode(65 + index)
