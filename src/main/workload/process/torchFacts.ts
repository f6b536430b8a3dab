import { z } from 'zod'
import { AppError } from '../../../shared/errors'
import { lastLine, programOutput } from './programOutput'
import type { SpawnRunner } from './runnerProcess'

const torchFactsSchema = z.object({
  /** CUDA that PyTorch was built for; null: for processors alone. */
  cuda: z.string().nullable(),
  /** Names of the GPUs that PyTorch sees. */
  devices: z.array(z.string()),
  /** Whether the first GPU computes in bfloat16; null without one. */
  bf16: z.boolean().nullable(),
  /** Version of the transformers library; null without it. */
  transformers: z.string().nullable()
})

/** What a Python with PyTorch can run on and load. */
export type TorchFacts = z.infer<typeof torchFactsSchema>

/** Starting CUDA on a machine with many GPUs. */
const withinMs = 60_000

const script = `
import json, torch
try:
    from importlib.metadata import version
    transformers = version("transformers")
except Exception:
    transformers = None
seen = torch.cuda.is_available()
print(json.dumps({
    "cuda": torch.version.cuda,
    "devices": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if seen else [],
    "bf16": bool(torch.cuda.is_bf16_supported()) if seen else None,
    "transformers": transformers,
}))
`

/** Asks an interpreter what its PyTorch sees. @throws tool.failed when it does not print that */
export async function torchFacts(spawn: SpawnRunner, file: string): Promise<TorchFacts> {
  const { code, out, errors } = await programOutput(spawn, file, ['-c', script], { withinMs })
  try {
    return torchFactsSchema.parse(JSON.parse(lastLine(out)))
  } catch (cause) {
    throw new AppError(
      'tool.failed',
      `${file} did not say what PyTorch sees: ${lastLine(errors) || `ended with ${code}`}.`,
      'Run it with `import torch; torch.cuda.is_available()`.',
      { cause }
    )
  }
}
