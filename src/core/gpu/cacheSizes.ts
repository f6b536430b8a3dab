/**
 * L2 caches of GPUs by the names that nvidia-smi prints, MiB: NVIDIA's architecture white papers. The first match decides.
 * Runtimes that read the size from the device are believed first.
 */
const l2ByName: readonly (readonly [name: RegExp, mebibytes: number])[] = [
  [/\bB[12]00\b|\bGB200\b/, 126],
  [/\bRTX 5090\b/, 96],
  [/\b(H100|H200|H800|H20|GH200)\b/, 50],
  [/\b(A100|A800)\b/, 40],
  [/\bA30\b/, 24],
  [/\bL40S?\b|\bRTX 6000 Ada\b/, 96],
  [/\bRTX 4090\b/, 72],
  [/\bRTX 4080\b/, 64],
  [/\bL4\b/, 48],
  [/\b(A40|A10|RTX A[56]000|RTX 3090|V100S?)\b/, 6],
  [/\bRTX 2080 Ti\b/, 5.5],
  [/\bTITAN V\b/, 4.5],
  [/\b(T4|RTX 3070|RTX 2080)\b/, 4],
  [/\bGTX 1080 Ti\b/, 2.75],
  [/\b(A16|A2|GTX 1080)\b/, 2]
]

/** Size of the L2 cache of a GPU by its name, bytes; null for one that is not in the table. */
export function l2CacheBytes(gpuName: string): number | null {
  const found = l2ByName.find(([name]) => name.test(gpuName))
  return found === undefined ? null : found[1] * 2 ** 20
}
