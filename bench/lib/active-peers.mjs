/** Runs the node in this directory, connects it to every node of a list, and prints the kilobytes that each costs it. */
import fs from 'node:fs'
import { Address } from '@ipop/address'
import { readDhcpConfig, readIpopConfig, readNodeConfig } from '@ipop/config'
import { startNode } from '@ipop/node'
import { createConsoleLog, createNodeRuntime } from '@ipop/runtime/node'

const SETTLE_MS = 3_000
const LIMIT_MS = 60_000

const addresses = JSON.parse(fs.readFileSync(process.argv[2], 'utf8')).map((text) =>
  Address.parse(text),
)
const node = await startNode(
  {
    nodeConfig: readNodeConfig('node.config'),
    ipopConfig: readIpopConfig('ipop.config'),
    dhcpConfig: {
      config: readDhcpConfig('dhcp.config'),
      text: fs.readFileSync('dhcp.config', 'utf8'),
    },
  },
  createNodeRuntime({ log: createConsoleLog('warn', process.stderr) }),
)
const { dataPlane } = node.status()
if (dataPlane?.name !== 'rust') throw new Error(`no Rust plane: ${dataPlane?.reason}`)
await node.connected()
await pause(SETTLE_MS)
const before = usage()
for (const address of addresses) node.overlay.connectOnDemand(address)
const deadline = Date.now() + LIMIT_MS
while (connections() < addresses.length && Date.now() < deadline) await pause(100)
await pause(SETTLE_MS)
const after = usage()
const peers = after.connections - before.connections
if (after.connections < addresses.length)
  throw new Error(`only ${after.connections} of ${addresses.length} nodes could be reached`)
const perPeer = (name) => (after[name] - before[name]) / 1024 / peers
console.log(JSON.stringify({ js: perPeer('js'), resident: perPeer('resident'), peers }))
await node.stop()
process.exit()

function connections() {
  return node.overlay.connections.all().length
}

function usage() {
  for (let i = 0; i < 3; i++) globalThis.gc()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { resident: rss, js: heapUsed + external, connections: connections() }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
