export function installOffline(file: string, folder: string): void
export function installedEntry(folder: string): string
export function serveOnce(options: {
  node?: string
  entry: string
  dataFolder: string
  withinMs?: number
}): Promise<{ readyMs: number; status: number; html: string; exitCode: number | null }>
