/** Runs `work` with this NODE_ENV unless one is set, and takes it away again. */
export function withNodeEnv<Result>(name: string, work: () => Promise<Result>): Promise<Result>
