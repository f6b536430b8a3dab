import { benchCli } from './bench'
import { boardCli } from './board'
import { datasetCli } from './dataset'
import { demoCli } from './demo'
import { deployCli } from './deploy'
import { estimatorCli } from './estimator'
import type { CliNoun } from './framework'
import { gpuCli } from './gpu'
import { modelCli } from './model'
import { profileCli } from './profile'
import { proxyCli } from './proxy'
import { runCli } from './run'
import { searchCli } from './search'
import { serveCli } from './serve'
import { workloadCli } from './workload'

/** Every noun of the command line, in the order of the loop. */
export const cliNouns: readonly CliNoun[] = [
  demoCli,
  boardCli,
  profileCli,
  proxyCli,
  datasetCli,
  modelCli,
  searchCli,
  deployCli,
  runCli,
  benchCli,
  gpuCli,
  workloadCli,
  estimatorCli,
  serveCli
]
