/** Two nodes on one machine form a ring; one greets the other. */
import { OverlayNode } from '@ipop/overlay'
import { createNodeRuntime } from '@ipop/runtime/node'
import { Identity } from '@ipop/security'
import { TransportAddress, UdpEdgeListener } from '@ipop/transport'

const runtime = createNodeRuntime()
async function startNode(port: number, remoteTas: TransportAddress[] = []) {
  const listener = await UdpEdgeListener.open(runtime, { host: '127.0.0.1', port })
  const identity = Identity.create(runtime.random)
  const node = OverlayNode.create(runtime, {
    identity,
    namespace: 'hello',
    listeners: [listener],
    remoteTas,
  })
  await node.start()
  return { node, stop: () => node.leave().then(() => listener.close()) }
}
const alice = await startNode(4001)
const bob = await startNode(4002, [TransportAddress.udp({ host: '127.0.0.1', port: 4001 })])
bob.node.onMessage('greeting', (payload) => {
  console.log(new TextDecoder().decode(payload))
  void Promise.all([alice.stop(), bob.stop()])
})
alice.node.send(bob.node.address, 'greeting', new TextEncoder().encode('hello over the ring'))
