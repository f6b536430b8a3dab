/** Test files below a folder that replace a module, as paths that begin with it. */
export function mockedTests(folder: string): string[]
