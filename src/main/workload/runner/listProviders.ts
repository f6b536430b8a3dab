import { writeSync } from 'node:fs'
import { InferenceSession, listSupportedBackends } from 'onnxruntime-node'
import { probeNetwork } from '../../../core/workload/onnx/probe'
import type { ProviderTrial } from '../process/providers'
import type { OnnxFiles } from './subject'

/** Opens a small network on every execution provider of this onnxruntime and prints a line for each. */
export async function listProviders({ encode }: Pick<OnnxFiles, 'encode'>): Promise<void> {
  const network = encode(probeNetwork('fp32'))
  for (const { name } of listSupportedBackends()) {
    const trial: ProviderTrial = { provider: name, reason: await failureOf(name, network) }
    writeSync(1, `${JSON.stringify(trial)}\n`)
  }
}

async function failureOf(provider: string, network: Uint8Array): Promise<string | null> {
  try {
    const session = await InferenceSession.create(network, { executionProviders: [provider] })
    await session.release()
    return null
  } catch (cause) {
    return String((cause as Error).message ?? cause)
      .split('\n')[0]
      .slice(0, 200)
  }
}
