export function slimManifest(
  manifest: Record<string, unknown>,
  staged: ReadonlySet<string>
): Record<string, unknown>
