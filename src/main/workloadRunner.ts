import { decodeForRewriting, encodeOnnx } from './model/files/onnxFile'
import { runWorkloadRunner } from './workload/runner/workloadRunner'

/** Entry of the process that runs networks for workload runs on onnxruntime-node. */
await runWorkloadRunner({ decode: decodeForRewriting, encode: encodeOnnx })
