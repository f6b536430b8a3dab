/** Endings of the files that are networks. */
export const modelEnding = /\.(onnx|tflite)$/
