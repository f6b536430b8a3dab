import { encodeOnnx } from './model/files/onnxFile'
import { readForRewriting } from './model/files/readModelFile'
import { runWorkloadRunner } from './workload/runner/workloadRunner'

/** Entry of the process that runs networks for workload runs on onnxruntime-node. */
await runWorkloadRunner({ read: readForRewriting, encode: encodeOnnx })
