import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { SpeedCase, Table } from './speedCases'

export interface Times {
  wallMs: number
  /** Processor time of the whole process, all threads. */
  cpuMs: number
}

export type PeerName = 'forest' | 'extraTrees' | 'boosting'

/** scikit-learn and xgboost in a process of their own that waits for its turn (peers.py). */
export interface Peers {
  readonly names: Partial<Record<PeerName, string>>
  load(numbers: SpeedCase): Promise<void>
  time(name: PeerName, what: 'fit' | 'predict'): Promise<Times>
  /** Held-out error in percent. */
  mape(name: PeerName): Promise<number>
  close(): void
}

const python = '/usr/bin/python3'

/** null, with the reason in `remarks`, where Python or numpy is not installed. */
export async function startPeers(remarks: string[]): Promise<Peers | null> {
  const probe = spawnSync(python, ['-c', 'import numpy'], { encoding: 'utf8' })
  if (probe.status !== 0) {
    remarks.push(`SKIPPED the peers: ${python} with numpy, sklearn and xgboost is not here`)
    return null
  }
  const child = spawn(python, [path.resolve('bench/proxies/peers.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (question: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await lines.next()
    if (done === true) throw new Error('peers.py ended early; its message stands above')
    return JSON.parse(value as string)
  }
  const names = (await ask({ names: true })) as Partial<Record<PeerName, string>>
  if (names.forest === undefined) remarks.push('SKIPPED scikit-learn: python3-sklearn is not installed')
  if (names.boosting === undefined) remarks.push('SKIPPED xgboost: python3-xgboost is not installed')
  const rowsOf = ({ x }: Table): number[][] =>
    Array.from({ length: x.count }, (_, row) => x.columns.map((column) => column[row]!))
  const part = (table: Table) => ({ x: rowsOf(table), y: Array.from(table.y) })
  return {
    names,
    async load({ train, learn, test, query }) {
      await ask({
        load: { train: part(train), learn: part(learn), test: part(test), query: rowsOf(query) }
      })
    },
    time: async (name, what) => (await ask({ time: `${name}.${what}` })) as Times,
    mape: async (name) => ((await ask({ error: name })) as { mape: number }).mape,
    close: () => child.stdin.end()
  }
}
