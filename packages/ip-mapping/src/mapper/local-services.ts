/** What this node answers itself, in place of a server in the virtual network. */
import type { Instant } from '@ipop/runtime'
import type { AddressResolver, ResolverEvent } from '../resolver/address-resolver.ts'
import type { LocalService, OwnNetwork } from '../router/context.ts'
import type { VirtualDevice } from '../services.ts'
import type { IpMapperModules, IpMapperOptions } from './options.ts'
import type { OwnAddress } from './own-address.ts'

/** STUB. */
export class LocalServices {
  readonly device: VirtualDevice
  readonly services: readonly LocalService[] = []
  constructor(
    modules: IpMapperModules & { resolver: AddressResolver; ownAddress: OwnAddress },
    _options: IpMapperOptions,
    _callbacks: { deliver: (ownedPacket: Uint8Array) => void; changed: (now: Instant) => void },
  ) {
    this.device = modules.device
  }
  setOwn(_own: OwnNetwork): void {}
  handleResolverEvent(_event: ResolverEvent, _now: Instant): void {}
  stop(): void {}
}
