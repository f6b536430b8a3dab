import { describe, expect, it } from 'vitest'
import { serveRemote, type AgentWork } from '@main/remote/remoteAgent'
import { lineOf, readLine, reportSchema, type Report } from '@main/remote/remoteProtocol'

const request = { command: ['make'] } as never
const run = lineOf({ type: 'run', task: { kind: 'record', request }, folder: null })

/** Work that prints two lines and reports one step. */
const work: AgentWork = {
  ...{ version: '9.9', machine: 'far', nowMs: () => 0 },
  gpus: async () => ({ driver: null, names: [], problem: 'none' }),
  async perform(_task, { output, progress }) {
    output('stdout', 'one')
    output('stdout', 'two')
    progress(1, 2, 'steps', '')
    return { file: null, error: null }
  }
}

async function* incoming(): AsyncGenerator<string> {
  yield run
  // The machine that ordered the work stays there.
  await new Promise(() => undefined)
}

/** Serves one task over a channel and returns what arrived, in the order of arrival. */
async function served(write: (report: Report, at: number) => Promise<void>): Promise<Report[]> {
  const arrived: Report[] = []
  let count = 0
  const stop = new AbortController().signal
  await serveRemote(
    work,
    incoming(),
    async (text) => {
      const report = readLine(text.trimEnd(), reportSchema)!
      await write(report, count++)
      arrived.push(report)
    },
    stop
  )
  return arrived
}

describe('the far side of a GPU host', () => {
  it('sends one report after the other, over a channel whose writes take different times', async () => {
    const arrived = await served((_report, at) => new Promise((resolve) => setTimeout(resolve, 12 - 2 * at)))
    expect(arrived.map(({ type }) => type)).toEqual([
      ...['hello', 'gpus', 'output', 'output', 'progress', 'done']
    ])
    expect(arrived.flatMap((report) => (report.type === 'output' ? [report.text] : []))).toEqual([
      'one',
      'two'
    ])
  })

  it('states what it does for others', async () => {
    const [hello] = await served(async () => undefined)
    expect(hello).toMatchObject({ type: 'hello', tasks: ['check', 'record', 'workload', 'collect'] })
  })

  it('ends its work in order where reports cannot be sent any more', async () => {
    const arrived = await served(async ({ type }) => {
      if (type !== 'hello' && type !== 'gpus') throw new Error('EPIPE')
    })
    expect(arrived.map(({ type }) => type)).toEqual(['hello', 'gpus'])
  })
})
