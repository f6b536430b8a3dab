// A process that opens something tied to its own life, prints the id of that child, and waits to be killed:
//   node tetheredParent.mjs qemu | PROGRAM ARGUMENTS...
import { spawn } from 'node:child_process'
import { openQemuLink } from '../../src/main/board/links/qemuLink'
import { spawnTethered } from '../../src/main/board/links/killWithParent'

const [what = '', ...rest] = process.argv.slice(2)
let pid: number | undefined
if (what === 'qemu') {
  const noting = ((...args: Parameters<typeof spawn>) => {
    const child = spawn(...args)
    pid = child.pid
    return child
  }) as typeof spawn
  await openQemuLink({ program: 'qemu-system-riscv32', boardArguments: ['-bios', 'none'], spawn: noting })
} else {
  pid = spawnTethered(spawn, what, rest).pid
}
console.log(pid)
setInterval(() => undefined, 60_000)
