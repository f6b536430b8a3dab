import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { createTextLines } from '@core/text/lines'
import type { RunnerEvent, RunnerRequest } from '@shared/contract/workload/workloadProtocol'

/** A runner in this process: prints its greeting, then what `answer` gives for every step it is sent, and ends at the request to stop. */
export function fakeRunner(
  greeting: readonly object[],
  answer: (id: string, forMs: number) => readonly object[]
) {
  const requests: RunnerRequest[] = []
  const spawn = (): ChildProcess => {
    const child = Object.assign(new EventEmitter(), {
      ...{ stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() },
      ...{ exitCode: null as number | null, signalCode: null, kill: () => true }
    })
    const print = (events: readonly object[]): void => {
      for (const event of events) child.stdout.write(`${JSON.stringify(event)}\n`)
    }
    const lines = createTextLines({ maxLength: 1e6 })
    child.stdin.setEncoding('utf8').on('data', (text: string) => {
      for (const line of lines.push(text)) {
        const request = JSON.parse(line) as RunnerRequest
        requests.push(request)
        if (request.do === 'run') print(answer(request.ids[0]!, request.forMs!))
        if (request.do !== 'stop') continue
        child.exitCode = 0
        setImmediate(() => child.emit('close', 0, null))
      }
    })
    print(greeting)
    return child as unknown as ChildProcess
  }
  return { spawn, requests, ids: () => requests.flatMap((one) => (one.do === 'run' ? one.ids : [])) }
}

/** A runner of one network with two layers, which prints its marks `ns` on a clock that only its phases move. */
export function exampleGreeting(more: object = {}): RunnerEvent[] {
  return [
    {
      ...{ event: 'hello', protocol: 1, runner: 'example', runtime: 'none 1', device: 'cuda:0' },
      ...{ deviceName: 'NVIDIA H100', precisions: ['fp32'], model: 'net', batch: 2, notes: ['fake'], ...more }
    },
    ...['a', 'b'].map((id) => ({
      ...{ event: 'layer' as const, id, type: 'ffn' as const, class: 'Gemm', parameters: 12, macs: 18 },
      ...{ inputShapes: [[2, 3]], calls: 1, sharedWith: [] }
    })),
    { event: 'skipped', id: 'benchmark:bf16', reason: 'not here' },
    { event: 'skipped', id: 'layer:b', reason: 'too small' },
    {
      event: 'plan',
      steps: [
        { id: 'benchmark:fp32', kind: 'benchmark' },
        { id: 'layer:a', kind: 'layer' },
        { id: 'predictions:baseline', kind: 'predictions' },
        { id: 'predictions:mean:a', kind: 'predictions' }
      ]
    }
  ] as RunnerEvent[]
}

/** What that runner prints for a step: 10 repetitions in `forMs`, or two rows of predictions. */
export function exampleAnswers(id: string, forMs: number): object[] {
  if (id.startsWith('predictions:')) {
    const name = id.slice('predictions:'.length)
    const values = name === 'baseline' ? [-0.1, -2.4, -1.6, -0.2] : [-0.7, -0.7, -0.7, -0.7]
    return [
      { event: 'predictions', name, rows: 2, columns: 2, values, labels: [0, 1] },
      { event: 'done', id }
    ]
  }
  return [
    { event: 'weights', precision: 'fp32', bytes: 80 },
    { event: 'phase', name: id, state: 'begin', ns: 1e9 },
    { event: 'phase', name: id, state: 'end', ns: 1e9 + forMs * 1e6, repetitions: 10 },
    ...(id.startsWith('benchmark:') ? [{ event: 'latency', name: id, us: [5, 6, 7] }] : []),
    { event: 'done', id }
  ]
}
