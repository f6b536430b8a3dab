import type { CliNoun } from './framework'
import { demoCli } from './demo'
import { gpuCli } from './gpu'
import { serveCli } from './serve'

/** Every noun of the command line, in the order of the loop. */
export const cliNouns: readonly CliNoun[] = [demoCli, gpuCli, serveCli]
