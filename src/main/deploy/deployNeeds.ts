import type { BoardInfo } from '../../core/board/boardInfo'
import type { Graph } from '../../core/model/graph'
import type { ReadingClock } from '../../core/gpu/readingClock'
import type { QuantizedNetwork } from '../../core/quant/quantizedNetwork'
import type { BoardKind } from '../../shared/contract/board'
import type { Deployment } from '../../shared/contract/deploy'
import type { MeasuredNetwork } from '../../shared/contract/gpu'
import type { QuantMethod, SchemeJson } from '../../shared/contract/model'
import type { MeterSetup } from '../../shared/contract/meter'
import type { Quantity } from '../../shared/vocabulary'
import type { EnergySession, MarkPhase } from './boardEnergy'

/** What deploying needs of the other nouns; compose passes adapters, so that domains stay apart. */
export interface DeployBoards {
  describe(boardId: string): Promise<{
    name: string
    kind: BoardKind
    unit: 'cycles' | 'instructions'
    origin: Deployment['origin']
  }>
  /** @throws board.notConnected */
  info(boardId: string): Promise<BoardInfo>
  withLease<T>(boardId: string, owner: string, work: (session: EnergySession) => Promise<T>): Promise<T>
}

/** A recording of a power meter that runs until it is finished. */
export interface PowerRecording {
  recordingId: string
  mark: MarkPhase
  /** All phases were measured; without this call the recording counts as ended early. */
  complete(): void
  clock: ReadingClock
  /** Aborted when the recording has ended, whoever ended it. */
  ended: AbortSignal
  /** Ends the recording. @throws what made it fail */
  finish(): Promise<void>
}

/** Starts to record a meter beside a board that runs a network; resolves when its first reading has come. */
export type RecordPower = (
  setup: MeterSetup,
  title: string,
  network: MeasuredNetwork
) => Promise<PowerRecording>

/** What deploying needs of models. */
export interface DeployModels {
  name(modelId: string): Promise<string>
  /** Name of the data set that the model is judged on. */
  dataSet(modelId: string): Promise<string>
  graph(modelId: string): Promise<Graph>
  quantize(modelId: string, scheme: SchemeJson, method: QuantMethod): Promise<QuantizedNetwork>
  /** Test images as the network's input codes; no choice was ever made on them. */
  testInputs(
    modelId: string,
    images: number
  ): Promise<{ codes: Int8Array; labels: ArrayLike<number> | null; images: number }>
  /** A file's integers for the items of an array; outputOf gives the output that the results of all items mean. */
  prepareFile(input: {
    file: string
    inputs: readonly { file: string; name: string | null }[]
    scheme: string
    output?: string
  }): Promise<{
    network: QuantizedNetwork
    codes: Int8Array
    items: number
    outputOf(logits: Int32Array): { name: string; shape: number[]; values: number[] }
  }>
  /** The host's integer reference: images x outputCount logits. */
  reference(
    network: QuantizedNetwork,
    codes: Int8Array,
    images: number,
    signal: AbortSignal
  ): Promise<Int32Array>
}

/** Predicted cost of a network on a board. */
export interface PlanPrediction {
  /** Of each layer; null where no proxy predicts it. */
  layers: (number | null)[]
  /** Outside the layers, as two-point calibration found it; may be negative. */
  rest: number
  calibrated: boolean
}

/** Null as a whole without a proxy. */
export type PredictNetwork = (
  network: QuantizedNetwork,
  modelId: string,
  boardId: string,
  proxyId: string | null,
  /** Default latency; energy is in nJ. */
  quantity?: Quantity
) => Promise<PlanPrediction | null>
