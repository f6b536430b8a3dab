import { parseQueueAddress } from '@main/worker/queue/queueAddress'
import { connectQueueServer } from '@main/worker/queue/queueServer'
import { takeLease } from '@main/worker/leases'

/** A process that holds a lease until it is killed: ADDRESS NAME LEASE_MS. Prints "held" once it has it. */
const [address, name, leaseMs] = process.argv.slice(2)
const server = await connectQueueServer(parseQueueAddress(address!))
const who = { host: 'other-host', pid: process.pid, user: 'someone' }
await takeLease(server.client, name!, who, { leaseMs: Number(leaseMs) })
process.stdout.write('held\n')
