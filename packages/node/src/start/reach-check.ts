/** Asks what `ipop netcheck` shows and the node does not know by itself: who is let in, and which bootstraps answer. */
import type { Clock, Log, NameResolver } from '@ipop/runtime'
import { type OverlayNode, literalAddresses } from '@ipop/overlay'
import type { TransportAddress } from '@ipop/transport'
import { BOOTSTRAP_ANSWER_MS, BOOTSTRAPS_SHOWN_MAX } from '../limits.ts'
import type { BootstrapView, ReachCheckView } from '../services.ts'

/** What the checks work with. */
export interface ReachCheckModules {
  readonly overlay: OverlayNode
  readonly clock: Clock
  readonly names: NameResolver
  readonly log: Log
  readonly remoteTas: readonly TransportAddress[]
}

/** Asks the bootstraps and the peers of a node; takes about two seconds. */
export async function checkReach(modules: ReachCheckModules): Promise<ReachCheckView> {
  const { overlay } = modules
  const literals = (
    await Promise.all(modules.remoteTas.map((ta) => literalsOf(ta, modules)))
  ).flat()
  const asked = literals.slice(0, BOOTSTRAPS_SHOWN_MAX)
  const bootstraps = await Promise.all(asked.map((each) => askBootstrap(each, modules)))
  const { endpoints, outside } = overlay.channels.reach.reach()
  const contacted = literals.map(({ literal }) => literal?.host ?? '')
  // Endpoints at the outside address are others' view; the rest are this machine's own.
  const own = endpoints.map(({ host }) => host).filter((host) => host !== outside?.first.host)
  const { reachChecks } = overlay.channels
  const [ipv4, ipv6] = await Promise.all([
    reachChecks.check({ family: 4, contacted, ...(outside && { inside: own }) }),
    reachChecks.check({ family: 6, contacted }),
  ])
  return { filtering: { ipv4, ipv6 }, bootstraps }
}

interface Bootstrap {
  readonly configured: TransportAddress
  /** Undefined where a name does not resolve. */
  readonly literal: TransportAddress | undefined
}

async function literalsOf(
  configured: TransportAddress,
  { names, log }: ReachCheckModules,
): Promise<Bootstrap[]> {
  try {
    const literals = await literalAddresses(names, configured)
    return literals.map((literal) => ({ configured, literal }))
  } catch (error) {
    log.write('debug', 'name of a bootstrap not resolved', { to: configured.toString(), error })
    return [{ configured, literal: undefined }]
  }
}

async function askBootstrap(
  { configured, literal }: Bootstrap,
  { overlay, clock }: ReachCheckModules,
): Promise<BootstrapView> {
  const address = configured.toString()
  if (literal === undefined) return { address, kind: configured.kind }
  const { kind, family } = literal
  const start = clock.now()
  const reply = await overlay.channels.hello(literal, BOOTSTRAP_ANSWER_MS)
  const view = { address, endpoint: literal.toString(), kind, ...(family && { family }) }
  if (reply === undefined) return view
  return { ...view, node: reply.hint.address.toString(), rttMs: clock.now() - start }
}
