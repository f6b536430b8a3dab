import { openOrtSession } from '../onnxruntime/ortSession'
import { readModelFile } from './readModelFile'

/** ONNX files for other nouns: the graph of a file, and a session of onnxruntime over it. */
export const onnxAccess = {
  /** @throws AppError as readModelFile */
  read: async (file: string) => (await readModelFile(file)).model,
  open: (file: string) => openOrtSession(file)
}
