type Manifest = Record<string, unknown>

export function stagePackage(options: {
  root: string
  stage: string
  platform?: string
  arch?: string
}): Manifest
export function publishedManifest(
  source: Manifest,
  target: { platform: string; arch: string; folders: readonly string[] }
): Manifest
