/** Two nodes on one machine form a ring; one greets the other. */
import { OverlayNode } from '@ipop/overlay'
import { createNodeRuntime } from '@ipop/runtime/node'
import { Identity } from '@ipop/security'
import { TransportAddress, UdpEdgeListener } from '@ipop/transport'

const runtime = createNodeRuntime()
async function startNode(port: number, remoteTas: TransportAddress[] = []) {
  const listeners = [await UdpEdgeListener.open(runtime, { host: '127.0.0.1', port })]
  const identity = Identity.create(runtime.random)
  const options = { identity, namespace: 'hello', listeners, remoteTas }
  const node = OverlayNode.create(runtime, options)
  await node.start()
  return node
}
const alice = await startNode(4001)
const bob = await startNode(4002, [TransportAddress.udp({ host: '127.0.0.1', port: 4001 })])
bob.onMessage('greeting', (payload) => console.log(new TextDecoder().decode(payload)))
alice.send(bob.address, 'greeting', new TextEncoder().encode('hello over the ring'))

// A program that goes on ends here; this one leaves the ring once the greeting is through.
setTimeout(() => void Promise.all([alice.leave(), bob.leave()]).then(() => process.exit()), 500)
