/**
 * One end of a copy over the network: `receive PORT` prints the SHA-256 of what came, `send HOST PORT BYTES [SECONDS]` of what
 * went, in SECONDS at least. With `--gaps` the receiver says how far it is, and at the end how long its longest pause was.
 */
import { createHash } from 'node:crypto'
import net from 'node:net'

const CHUNK_BYTES = 1 << 16
const PROGRESS_MS = 50
const [role, ...args] = process.argv.slice(2)

if (role === 'receive') receive(Number(args[0]), args.includes('--gaps'))
else await send(args[0], Number(args[1]), Number(args[2]), Number(args[3] ?? 0))

function receive(port, isTimed) {
  const hash = createHash('sha256')
  const server = net.createServer((socket) => {
    server.close()
    const pauses = isTimed ? watchPauses(socket) : undefined
    socket.on('data', (bytes) => hash.update(bytes))
    socket.on('end', () => {
      if (pauses) console.log(`sha256 ${hash.digest('hex')}\nlongest pause ${pauses()} ms`)
      else console.log(hash.digest('hex'))
    })
  })
  server.listen(port)
}

/** Returns how to learn the longest time between two arrivals. */
function watchPauses(socket) {
  let [lastAt, longest, bytes] = [performance.now(), 0, 0]
  socket.on('data', (chunk) => {
    const now = performance.now()
    longest = Math.max(longest, now - lastAt)
    lastAt = now
    bytes += chunk.length
  })
  const timer = setInterval(() => console.log(`${bytes} bytes so far`), PROGRESS_MS)
  return () => {
    clearInterval(timer)
    return Math.round(longest)
  }
}

/** Sends bytes that differ from chunk to chunk, so that a swapped or doubled one shows. */
async function send(host, port, bytes, seconds) {
  const hash = createHash('sha256')
  const socket = net.connect(port, host)
  const startedAt = performance.now()
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, bytes - sent))
    for (let offset = 0; offset + 8 <= chunk.length; offset += 8)
      chunk.writeDoubleLE(sent + offset, offset)
    hash.update(chunk)
    const early = (sent / bytes) * seconds * 1_000 - (performance.now() - startedAt)
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early))
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve))
  }
  socket.end()
  console.log(hash.digest('hex'))
}
