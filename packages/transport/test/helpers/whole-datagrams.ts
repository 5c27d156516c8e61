/** Sockets of the simulated network that can forbid fragments, as those of a data plane do. */
import type { DatagramPort } from '@ipop/runtime'

/** Returns sockets whose datagrams may not be cut: the simulated network cuts none anyway. `wholeBytes` gets their lengths. */
export function forbidding(port: DatagramPort, wholeBytes: number[] = []): DatagramPort {
  return {
    bind: async (local, handlers) => {
      const socket = await port.bind(local, handlers)
      return {
        local: socket.local,
        send: (bytes, to) => socket.send(bytes, to),
        sendWhole: (bytes, to) => {
          wholeBytes.push(bytes.length)
          socket.send(bytes, to)
          return true
        },
        close: () => socket.close(),
      }
    },
  }
}
