import { execFileSync } from 'node:child_process'

/** Makes a named pipe (Node has no call for it): a file that a reader would wait for without end. */
export function makeNamedPipe(file: string): void {
  execFileSync('mkfifo', [file])
}
