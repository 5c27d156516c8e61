/**
 * Writes what a stranger can send to a port that he may ask: `HOST PORT NAMESPACE COUNT FILE` gives COUNT hellos, as many
 * initiations of new identities, and as many with a good mac1 that hold nothing.
 */
import dgram from 'node:dgram'
import fs from 'node:fs'
import { Address } from '@ipop/address'
import { silentLog } from '@ipop/runtime'
import { createNodeRuntime } from '@ipop/runtime/node'
import {
  decodeNodeRecord,
  Identity,
  IPOP_PROFILE,
  RandomIndexAllocator,
  SessionEndpoint,
} from '@ipop/security'
import { decodeHelloReply, encodeHello } from '@ipop/transport'

/** Makes initiations whose mac1 is good and which cannot be opened. */
const HOLLOW_PROFILE = { ...IPOP_PROFILE, prologue: () => new Uint8Array(1) }
const ANSWER_LIMIT_MS = 5_000

const [host, port, namespace, count, file] = process.argv.slice(2)
const { random } = createNodeRuntime({ log: silentLog })
const { sessionKey } = decodeNodeRecord((await ask()).record)
const datagrams = Array.from({ length: Number(count) }, () => [
  hello(),
  initiation(IPOP_PROFILE),
  initiation(HOLLOW_PROFILE),
]).flat()
fs.writeFileSync(file, Buffer.concat(datagrams.flatMap((each) => [lengthOf(each), each])))

/** Asks who is there, from this machine's own address. */
async function ask() {
  const socket = dgram.createSocket('udp4')
  const answer = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${host}:${port} is silent`)), ANSWER_LIMIT_MS).unref()
    socket.on('message', resolve)
  })
  socket.send(hello(), Number(port), host)
  const reply = decodeHelloReply(await answer)
  socket.close()
  return reply
}

function hello() {
  return encodeHello({
    transaction: random.bytes(8),
    asker: Address.fromBytes(new Uint8Array(20)),
  })
}

/** Returns an initiation of somebody new. */
function initiation(profile) {
  const identity = Identity.create(random)
  const indexes = new RandomIndexAllocator({ random })
  const modules = { random, log: silentLog, wallTimeMs: () => Date.now(), indexes }
  const endpoint = new SessionEndpoint(modules, { identity, namespace, profile })
  endpoint.connect({ sessionKey }, 0)
  return endpoint.pollTransmit().bytes
}

function lengthOf(bytes) {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return length
}
