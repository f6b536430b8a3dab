import { encodeImage } from '../../core/deploy/image'
import { planDeployment } from '../../core/deploy/plan'
import { ioOf, runBatches } from './boardRun'
import type { DeployBoards, DeployModels } from './deployNeeds'
import { loadImage } from './imageRunner'

/**
 * Outputs of an ONNX file on the items of an array, computed by a board under a scheme.
 * @throws board.notConnected, deploy.outOfMemory, model.*, data.*, input.*
 */
export async function boardOutputs(
  deps: { boards: DeployBoards; models: DeployModels },
  request: {
    file: string
    inputs: readonly { file: string; name: string | null }[]
    scheme: string
    output: string | null
    boardId: string
  }
): Promise<{ outputs: { name: string; shape: number[]; values: number[] }[]; equalsHost: boolean }> {
  const { boards, models } = deps
  const { file, inputs, scheme, output, boardId } = request
  const info = await boards.info(boardId)
  const made = await models.prepareFile({ file, inputs, scheme, ...(output === null ? {} : { output }) })
  const { network, codes, items } = made
  const plan = planDeployment(network, info)
  const { signal } = new AbortController()
  const logits = new Int32Array(items * network.outputCount)
  await boards.withLease(boardId, `running ${network.name}`, async (session) => {
    const io = ioOf(network)
    const image = encodeImage(network, plan)
    const runner = await loadImage(session, image, plan, io, { signal, onProgress: () => undefined })
    for await (const batch of runBatches(session, runner.place, io, codes, items, runner.execute, signal)) {
      // The board writes the argmax behind each item's results.
      const stride = io.outputCount + 1
      for (let at = 0; at < batch.count; at++) {
        const own = batch.outputs.subarray(at * stride, at * stride + io.outputCount)
        logits.set(own, (batch.first + at) * io.outputCount)
      }
    }
  })
  const host = await models.reference(network, codes, items, signal)
  return { outputs: [made.outputOf(logits)], equalsHost: logits.every((value, at) => value === host[at]) }
}
