/** Asks another name server about names outside the virtual network. */
import type { DnsConfig } from '@ipop/config'
import type { DatagramSocket, Runtime } from '@ipop/runtime'

/** Sends a question and resolves with the answer, or with undefined when there is none in time. */
export type DnsForwarder = (question: Uint8Array) => Promise<Uint8Array | undefined>

/** A program that asked has usually asked another server by then. */
const DNS_TIMEOUT_MS = 2_000

/** Returns how questions are forwarded, or undefined when they are not. */
export function dnsForwarder(
  runtime: Runtime,
  { forwardQueries, nameServer }: DnsConfig,
): DnsForwarder | undefined {
  if (!forwardQueries || nameServer === undefined) return undefined
  return (question) => ask(runtime, nameServer, question)
}

async function ask({ datagrams, timers, clock }: Runtime, host: string, question: Uint8Array) {
  let socket: DatagramSocket | undefined
  try {
    return await new Promise<Uint8Array | undefined>((resolve, reject) => {
      const giveUp = () => resolve(undefined)
      const timer = timers.at(clock.now() + DNS_TIMEOUT_MS, 'give up forwarded DNS query', giveUp)
      const onDatagram = (bytes: Uint8Array, from: { host: string; port: number }) => {
        // Only the server may answer, and only this question.
        const isAnswer =
          from.host === host &&
          from.port === 53 &&
          bytes[0] === question[0] &&
          bytes[1] === question[1]
        if (!isAnswer) return
        timer.cancel()
        resolve(bytes.slice())
      }
      datagrams
        .bind({ host: '0.0.0.0', port: 0 }, { onDatagram, onError: giveUp })
        .then((bound) => {
          socket = bound
          bound.send(question, { host, port: 53 })
        }, reject)
    })
  } catch {
    return undefined
  } finally {
    await socket?.close()
  }
}
