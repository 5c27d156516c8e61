/** The watch for reused counters accepts repeats and names reuse. */
import { describe, expect, it } from '@jest/globals'
import { CounterReuseWatch, World } from '../../src/index.ts'
import { record } from './arrange.ts'

describe('CounterReuseWatch', () => {
  it('accepts other counters, other receivers and the same datagram again', async () => {
    const { watch, send } = await arrange()
    send(sealed(1, 1, 'a'))
    send(sealed(1, 2, 'b'))
    send(sealed(2, 1, 'c'))
    send(sealed(1, 1, 'a'))
    send(new Uint8Array([4, 0]))
    send(new Uint8Array(30))
    expect(watch.violations()).toEqual([])
    expect(watch.watched).toBe(3)
  })

  it('names a counter that sealed two datagrams', async () => {
    const { watch, send } = await arrange()
    send(sealed(7, 9, 'a'))
    send(sealed(7, 9, 'b'))
    expect(watch.violations()).toEqual([
      expect.stringMatching(/^10\.0\.0\.1:\d+ used counter 9 twice for 10\.0\.0\.2:5 index 7$/),
    ])
  })
})

async function arrange() {
  const world = new World({ seed: 1 })
  const watch = new CounterReuseWatch(world)
  const { socket } = await record(world.addHost())
  const send = (bytes: Uint8Array): void => socket.send(bytes, { host: '10.0.0.2', port: 5 })
  return { watch, send }
}

function sealed(index: number, counter: number, text: string): Uint8Array {
  const bytes = Buffer.alloc(16 + text.length)
  bytes[0] = 4
  bytes.writeUInt32LE(index, 4)
  bytes.writeBigUInt64LE(BigInt(counter), 8)
  bytes.write(text, 16)
  return bytes
}
