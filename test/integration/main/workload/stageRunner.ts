import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { OnnxModel } from '@core/model/onnx/onnx'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { startRunner, type RunnerProcess } from '@main/workload/process/runnerProcess'
import type { RunnerEvent } from '@shared/contract/workload/workloadProtocol'
import { samples } from './cachedModel'

/** The shipped runner, asked for stage times of a decoder; `events` grows as it reports. */
export interface StageRunner {
  files: { model: string; dataset: string }
  events: RunnerEvent[]
  runner: RunnerProcess
}

/** Writes a decoder and its samples into `folder`, starts the runner on them and waits for its plan. */
export async function startStageRunner(
  runnerFile: string,
  folder: string,
  model: OnnxModel,
  name: string
): Promise<StageRunner> {
  const files = { model: path.join(folder, name), dataset: path.join(folder, 'tokens.jsonl') }
  writeFileSync(files.model, encodeOnnx(model))
  writeFileSync(files.dataset, samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
  const events: RunnerEvent[] = []
  const given = ['--model', files.model, '--data', files.dataset, '--scratch', folder, '--task', 'perplexity']
  const runner = startRunner(
    spawn,
    { file: process.execPath, args: [runnerFile, ...given], env: { BITBENCH_WORKLOAD_STAGES: '1' } },
    { onEvent: (event) => void events.push(event), onOutput: () => undefined }
  )
  await runner.until((event) => (event.event === 'plan' ? event : undefined), 100_000)
  return { files, events, runner }
}
