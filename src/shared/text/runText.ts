import type { Run } from '../contract/run'

/** The session that an imported run came from. */
export const fromText = ({ file, example }: NonNullable<Run['imported']>): string =>
  example ? `example session ${file}` : `session ${file}`
