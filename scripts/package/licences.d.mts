export function licenceList(root: string, folders: readonly string[]): string
export function bundledFolders(outFolder: string): string[]
