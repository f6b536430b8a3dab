/**
 * What the memory planner saves: the activation arena of the shipped networks beside its lower bound and beside two
 * alternating buffers, and one network that only fits because of it, run on the simulated small board and compared with
 * the host bit for bit.
 *
 *   npm run bench:memory -- [--json]
 */
import { MonitorClient } from '../src/core/board/monitorClient'
import { encodeImage } from '../src/core/deploy/image'
import { planDeployment } from '../src/core/deploy/plan'
import { argmax, createIntegerRunner } from '../src/core/quant/integer/runInteger'
import { uniformScheme } from '../src/core/quant/scheme'
import { createLocalClient } from '../src/main/cli/framework/localClient'
import { formatBytes } from '../src/shared/units'
import { SimulatedBoard } from '../test/unit/core/board/simulatedBoard'
import { wideBottleneck } from '../test/unit/core/deploy/randomNetwork'
import { withBitbench } from './withBitbench'
import { readFlags } from './flags'

interface Row {
  network: string
  imageBytes: number
  doubleBufferBytes: number
  arenaBytes: number
  lowerBoundBytes: number
  spaceBytes: number
}

const { values } = readFlags({ options: { json: { type: 'boolean', default: false } } })
const rows = await shippedNetworks()
const wide = deployWide()
rows.push(wide.row)

if (values.json) console.log(JSON.stringify({ rows, wide: wide.verdict }, null, 2))
else {
  console.log('network               image       two buffers  planned     lower bound  space for all')
  for (const row of rows) {
    const cells = [row.imageBytes, row.doubleBufferBytes, row.arenaBytes, row.lowerBoundBytes, row.spaceBytes]
    console.log(`${row.network.padEnd(21)} ${cells.map((bytes) => formatBytes(bytes).padEnd(11)).join(' ')}`)
  }
  const { images, differences, naiveShortfallBytes } = wide.verdict
  console.log(
    `wide bottleneck: two buffers would be ${naiveShortfallBytes} bytes short; planned, it ran ${images} images on the ` +
      `simulated small board with ${differences} outputs different from the host's`
  )
}
if (wide.verdict.differences > 0 || wide.verdict.naiveShortfallBytes <= 0) process.exitCode = 1

/** The networks of resources/models at 8 bits on virtual:small. */
function shippedNetworks(): Promise<Row[]> {
  return withBitbench(async (bitbench) => {
    const client = createLocalClient(bitbench, new AbortController().signal)
    const boardId = 'virtual:small'
    await client.call('board.connect', { id: boardId })
    const { models } = await client.call('model.list', {})
    const found: Row[] = []
    for (const { id, name } of models.filter(({ shipped }) => shipped)) {
      const { model } = await client.call('model.info', { modelId: id })
      const scheme = uniformScheme(model.weightedLayers, 8, 8).map((entry) => ({ ...entry }))
      const { plan } = await client.call('deploy.plan', { modelId: id, scheme, boardId })
      found.push({
        network: name,
        imageBytes: plan.imageBytes,
        doubleBufferBytes: plan.doubleBufferBytes ?? 0,
        arenaBytes: plan.arenaBytes,
        lowerBoundBytes: plan.arenaLowerBoundBytes,
        spaceBytes: plan.ramBytes
      })
    }
    return found
  })
}

/** A residual block with one tensor of 512 KiB between narrow ends. */
function deployWide() {
  const images = 4
  const board = new SimulatedBoard('small')
  const client = new MonitorClient()
  const info = board.converse(client.hello(1))
  const { network, builder } = wideBottleneck()
  const plan = planDeployment(network, info)
  const spaceBytes = info.ram.high - plan.imageAddress

  const codes = builder.images(images)
  board.converse(client.upload(plan.imageAddress, encodeImage(network, plan)))
  board.converse(client.prepare(plan.imageAddress))
  const inputAddress = plan.imageAddress + plan.peakRamBytes
  const outputAddress = Math.ceil((inputAddress + codes.length) / 16) * 16
  board.converse(client.upload(inputAddress, new Uint8Array(codes.buffer, codes.byteOffset, codes.length)))
  board.converse(client.run({ inputAddress, outputAddress, count: images, perLayer: false }))
  const bytes = board.converse(client.read(outputAddress, images * 4 * (network.outputCount + 1)))
  const outputs = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)

  const runner = createIntegerRunner(network)
  const size = codes.length / images
  const expected = Array.from({ length: images }, (_, index) => {
    const { logits } = runner.run(codes.subarray(index * size, (index + 1) * size))
    return [...logits, argmax(logits)]
  }).flat()
  const row: Row = {
    network: 'wide bottleneck',
    imageBytes: plan.imageBytes,
    doubleBufferBytes: plan.doubleBufferBytes,
    arenaBytes: plan.arenaBytes,
    lowerBoundBytes: plan.arenaLowerBoundBytes,
    spaceBytes
  }
  const verdict = {
    images,
    differences: expected.filter((value, index) => value !== outputs[index]).length,
    naiveShortfallBytes: plan.imageBytes + plan.doubleBufferBytes + plan.batchBytes - spaceBytes
  }
  return { row, verdict }
}
