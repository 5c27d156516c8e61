/**
 * Sends captured datagrams again: `PCAP HOST PORT KIND COUNT PER_SECOND`, KIND one of replayed, flipped, truncated. Prints
 * how many it sent, how many of them still name their session and are long enough to hold anything, and how many were empty.
 */
import dgram from 'node:dgram'
import fs from 'node:fs'

const DATA_TYPE = 4
const KEPT_HEADER_BYTES = 8
const SHORTEST = 32
const TICK_MS = 5
/** Longer ones were put together by the kernel after they had arrived. */
const LONGEST = 1_472

const ETHERNET_BYTES = 14
const UDP_BYTES = 8
const PCAP_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16

/** Each returns a datagram made of `bytes`; `random(n)` is a number below n. */
const KINDS = {
  replayed: (bytes) => bytes,
  flipped: (bytes, random) => {
    const changed = Buffer.from(bytes)
    const bit = random(8 * bytes.length)
    changed[bit >> 3] ^= 1 << (bit & 7)
    return changed
  },
  truncated: (bytes, random) => bytes.subarray(0, random(bytes.length)),
}

const [file, host, port, kind, count, perSecond] = process.argv.slice(2)
const captured = transportData(fs.readFileSync(file))
if (captured.length === 0) throw new Error(`${file} holds no transport data`)
console.log(JSON.stringify(await flood(Number(count), Number(perSecond))))

/** Sends evenly, so that the receiver's buffer takes what the receiver is to refuse. */
async function flood(total, rate) {
  const socket = dgram.createSocket('udp4')
  await new Promise((resolve) => socket.connect(Number(port), host, resolve))
  const random = generator(total)
  const startedAt = performance.now()
  let [sent, intact, empty] = [0, 0, 0]
  while (sent < total) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedAt) * rate) / 1_000))
    for (; sent < due; sent++) {
      const original = captured[random(captured.length)]
      const datagram = KINDS[kind](original, random)
      const isKept =
        datagram.length >= SHORTEST &&
        original.compare(datagram, 0, KEPT_HEADER_BYTES, 0, KEPT_HEADER_BYTES) === 0
      if (isKept) intact++
      if (datagram.length === 0) empty++
      socket.send(datagram)
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  }
  await new Promise((resolve) => socket.close(resolve))
  return { sent, intact, empty }
}

/** Returns the transport data in a capture of Ethernet frames with IPv4 and UDP. */
function transportData(pcap) {
  const found = []
  for (let at = PCAP_HEADER_BYTES; at + RECORD_HEADER_BYTES <= pcap.length;) {
    const length = pcap.readUInt32LE(at + 8)
    const start = at + RECORD_HEADER_BYTES
    const ip = start + ETHERNET_BYTES
    const udp = ip + 4 * (pcap[ip] & 15)
    const bytes = pcap.subarray(udp + UDP_BYTES, start + length)
    const isWhole = bytes.length === pcap.readUInt16BE(udp + 4) - UDP_BYTES
    const isShort = bytes.length <= LONGEST
    if (isWhole && isShort && bytes.length >= SHORTEST && bytes[0] === DATA_TYPE) found.push(bytes)
    at = start + length
  }
  return found
}

/** Returns pseudorandom numbers below a bound (xorshift): the same in every run. */
function generator(seed) {
  let state = (seed | 1) >>> 0
  return (bound) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
}
