/** Stream connections of one process: listening, connecting, refusing. */
import type { Endpoint, Stream, StreamHandlers, StreamListener, StreamPort } from '@ipop/runtime'
import { socketError } from '../errors.ts'
import { STREAM_CONNECT_RETRY_MS } from '../limits.ts'
import { isLoopback } from '../network/ip.ts'
import type { SocketModules } from './datagrams.ts'
import { never } from './never.ts'
import { PortTable } from './ports.ts'
import type { SimHost } from './sim-host.ts'
import { SimStream } from './stream.ts'

interface Listener {
  readonly local: Endpoint
  readonly accept: (stream: Stream) => StreamHandlers | undefined
}

/** One attempt to connect, from the request until it is settled. */
interface Attempt {
  readonly local: Endpoint
  /** The local endpoint as the other side sees it. */
  readonly seen: Endpoint
  readonly remote: Endpoint
  readonly target: SimHost
  readonly handlers: StreamHandlers
  readonly isSettled: () => boolean
  readonly resolve: (stream: Stream) => void
  readonly reject: (error: Error) => void
}

/** Opens streams in the simulated network. */
export class SimStreamPort implements StreamPort {
  readonly modules: SocketModules
  readonly #listeners: PortTable<Listener>
  readonly #clients: PortTable<{ local: Endpoint }>

  constructor(modules: SocketModules, firstEphemeral: number) {
    this.modules = modules
    this.#listeners = new PortTable(firstEphemeral)
    this.#clients = new PortTable(firstEphemeral)
  }

  listen(
    local: Endpoint,
    accept: (stream: Stream) => StreamHandlers | undefined,
  ): Promise<StreamListener> {
    if (!this.modules.process.isAlive) return never()
    try {
      this.modules.host.assertLocal(local.host)
      const listener: Listener = { local: this.#listeners.claim(local), accept }
      this.#listeners.add(listener)
      const close = (): Promise<void> => Promise.resolve(this.#listeners.remove(listener))
      return Promise.resolve({ local: listener.local, close })
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  connect(remote: Endpoint, handlers: StreamHandlers, timeoutMs: number): Promise<Stream> {
    const { host, process, network } = this.modules
    if (!process.isAlive) return never()
    return new Promise((resolve, reject) => {
      const local = this.#clients.claim({
        host: host.sourceAddress('0.0.0.0', remote.host),
        port: 0,
      })
      let isSettled = false
      const settle =
        <T>(act: (value: T) => void) =>
        (value: T): void => {
          if (isSettled) return
          isSettled = true
          process.cancel(timeout)
          act(value)
        }
      const fail = settle(reject)
      const timeout = process.schedule(network.modules.scheduler.now + timeoutMs, () =>
        fail(socketError('ETIMEDOUT', `connect ${remote.host}:${remote.port}`)),
      )
      const route = routeStream(host, local, remote)
      if (route === undefined) return
      const open = settle(resolve)
      const shared = { local, remote, handlers, isSettled: () => isSettled }
      this.#request({ ...shared, ...route, resolve: open, reject: fail }, STREAM_CONNECT_RETRY_MS)
    })
  }

  /** Returns who listens on `to`. */
  findListener(to: Endpoint): Listener | undefined {
    return this.#listeners.find(to)
  }

  #request(attempt: Attempt, retryMs: number): void {
    const { host, process, network } = this.modules
    if (attempt.isSettled()) return
    const { scheduler } = network.modules
    process.schedule(scheduler.now + retryMs, () => this.#request(attempt, retryMs * 2))
    const link = network.linkBetween(host, attempt.target)
    if (network.chance(link.lossProbability)) return
    const at = scheduler.now + network.delay(host, link, 40)
    scheduler.schedule(at, (now) => this.#requestArrives(attempt, now))
  }

  #requestArrives(attempt: Attempt, now: number): void {
    const { host, process, network } = this.modules
    const { target } = attempt
    if (attempt.isSettled()) return
    if (network.modules.reachability.cutBetween(host.place, target.place) !== undefined) return
    const port = target.streamPort()
    if (port === undefined || port.modules.process.isPaused) return
    const answerAt = now + network.delay(target, network.linkBetween(target, host), 40)
    const listener = port.findListener(attempt.remote)
    if (listener === undefined) {
      const text = `connect ${attempt.remote.host}:${attempt.remote.port}`
      process.schedule(answerAt, () => attempt.reject(socketError('ECONNREFUSED', text)))
      return
    }
    const client = new SimStream(this.modules, attempt.local, attempt.remote)
    const server = new SimStream(port.modules, attempt.remote, attempt.seen)
    client.join(server, attempt.handlers, answerAt)
    port.modules.process.enter(now, () => {
      const handlers = listener.accept(server)
      server.join(client, handlers, now)
      if (handlers === undefined) server.close(true)
    })
    process.schedule(answerAt, () => attempt.resolve(client))
  }
}

/** Finds the host that `remote` names; streams pass NATs from inside to outside only. */
function routeStream(
  host: SimHost,
  local: Endpoint,
  remote: Endpoint,
): { target: SimHost; seen: Endpoint } | undefined {
  if (isLoopback(remote.host)) return { target: host, seen: local }
  let realm = host.realm
  let seen = local
  for (;;) {
    const member = realm.members.get(remote.host)
    if (member !== undefined) return 'runtime' in member ? { target: member, seen } : undefined
    if (realm.gateway === undefined) return undefined
    seen = { host: realm.gateway.address, port: local.port }
    realm = realm.gateway.outer
  }
}
