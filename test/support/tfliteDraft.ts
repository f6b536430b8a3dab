import type { Random } from '@core/math/random'
import { sizeOf } from '@core/model/graph'
import type { TfliteModel, TfliteOperator, TfliteOption, TfliteTensor } from '@core/model/tflite/tflite'

/** A TFLite graph in the making, with seeded choices. */
export class TfliteDraft {
  readonly tensors: TfliteTensor[] = []
  readonly operators: TfliteOperator[] = []

  constructor(readonly random: Random) {}

  tensor(given: Partial<TfliteTensor> & { dims: readonly number[] }): number {
    const name = `t${this.tensors.length}`
    const plain = {
      name,
      type: 'float32',
      data: null,
      scales: [],
      zeros: [],
      axis: 0,
      isSparse: false
    } as const
    return this.tensors.push({ ...plain, ...given }) - 1
  }

  /** A constant of normal numbers times `spread`, or of what `make` gives. */
  floats(dims: readonly number[], make: () => number = () => this.random.normal()): number {
    const values = Float32Array.from({ length: sizeOf(dims) }, make)
    return this.tensor({ dims, data: new Uint8Array(values.buffer) })
  }

  ints(values: readonly number[], dims: readonly number[] = [values.length]): number {
    return this.tensor({ dims, type: 'int32', data: new Uint8Array(Int32Array.from(values).buffer) })
  }

  /** Adds an operator of one output with these sides; returns the output's tensor. */
  add(
    name: string,
    inputs: readonly number[],
    dims: readonly number[],
    options: Record<string, TfliteOption> = {}
  ): number {
    return this.addSeveral(name, inputs, [dims], options)[0]!
  }

  addSeveral(
    name: string,
    inputs: readonly number[],
    outputs: readonly (readonly number[])[],
    options: Record<string, TfliteOption> = {}
  ): number[] {
    const made = outputs.map((dims) => this.tensor({ dims }))
    this.operators.push({ name, isCustom: false, inputs, outputs: made, options })
    return made
  }

  dims(index: number): readonly number[] {
    return this.tensors[index]!.dims
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random.integer(list.length)]!
  }

  /** Whole number in low … high. */
  side(low: number, high: number): number {
    return low + this.random.integer(high - low + 1)
  }

  chance(share: number): boolean {
    return this.random.next() < share
  }

  /** Number of the schema's ActivationFunctionType: none in half of the cases, RELU, RELU_N1_TO_1, RELU6. */
  activation(): number {
    return this.pick([0, 0, 0, 1, 2, 3])
  }

  model(name: string, input: number, output: number): TfliteModel {
    const { tensors, operators } = this
    return { name, tensors, operators, inputs: [input], outputs: [output] }
  }
}
