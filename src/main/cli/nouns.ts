import type { CliNoun } from './framework'
import { boardCli } from './board'
import { demoCli } from './demo'
import { deployCli } from './deploy'
import { gpuCli } from './gpu'
import { profileCli } from './profile'
import { modelCli } from './model'
import { proxyCli } from './proxy'
import { searchCli } from './search'
import { serveCli } from './serve'

/** Every noun of the command line, in the order of the loop. */
export const cliNouns: readonly CliNoun[] = [demoCli, boardCli, profileCli, proxyCli, deployCli, gpuCli, modelCli, searchCli, serveCli]
