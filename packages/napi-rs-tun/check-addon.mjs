/** Loads a built addon and lets it do what needs no privileges: `node check-addon.mjs FILE`. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const file = resolve(process.argv[2] ?? assert.fail('name the addon: node check-addon.mjs FILE'))
const { NativePlane, INTERFACE_VERSION } = createRequire(import.meta.url)(file)
assert.equal(typeof INTERFACE_VERSION, 'number')
checkCiphers()
await checkSocket()
console.log(`${file} works on ${process.platform} ${process.arch}, Node ${process.version}`)

/** What one plane seals, another opens once, in both ciphers. */
function checkCiphers() {
  for (const isAes of [false, true]) {
    const [alice, bob] = [plane(1, isAes), plane(2, isAes)]
    const frame = Buffer.from('\x01 a control frame', 'latin1')
    const datagram = Buffer.from(alice.seal(1, frame))
    const opened = bob.open(Buffer.from(datagram))
    assert.deepEqual(Buffer.from(opened.bytes), frame)
    assert.equal(bob.open(datagram), null, 'a repetition is refused')
    for (const each of [alice, bob]) each.close()
  }
}

function plane(own, isAes) {
  const made = NativePlane.create(undefined, () => {})
  made.installPeer(7, true, 1_452)
  const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const [sendKey, receiveKey] = own === 1 ? keys : keys.reverse()
  const numbers = { localIndex: own, remoteIndex: 3 - own, peer: 7, isAes }
  const row = { ...numbers, sent: 0, receivedBelow: 0, lifetimeMs: 60_000 }
  made.installSession(row, sendKey, receiveKey)
  return made
}

/** A datagram arrives in a thread of the addon and wakes JavaScript. */
async function checkSocket() {
  const { promise, resolve: wake } = Promise.withResolvers?.() ?? withResolvers()
  const receiver = NativePlane.create(undefined, wake)
  const { port } = receiver.openSocket('127.0.0.1', 0)
  const sender = createSocket('udp4')
  sender.send('hello, addon', port, '127.0.0.1')
  const timer = setTimeout(() => assert.fail('no datagram arrived in five seconds'), 5_000)
  await promise
  clearTimeout(timer)
  const buffer = Buffer.alloc(4_096)
  const length = receiver.drain(buffer)
  assert.ok(buffer.subarray(0, length).includes('hello, addon'))
  receiver.close()
  sender.close()
  await once(sender, 'close')
}

/** Node 20 has no Promise.withResolvers. */
function withResolvers() {
  let resolve
  const promise = new Promise((done) => (resolve = done))
  return { promise, resolve }
}
