/** The shape of the Rust addon, written by hand to match `native/binding`. */

/** One open interface; see `native/binding/src/tun.rs`. */
export interface NativeTun {
  drain(buffer: Uint8Array): number
  write(packed: Uint8Array): number
  dropped(): number
  setMtu(mtu: number): void
  setUp(up: boolean): void
  addAddress(address: string, prefixLength: number): void
  removeAddress(address: string, prefixLength: number): void
  addRoute(address: string, prefixLength: number): void
  removeRoute(address: string, prefixLength: number): void
  close(): void
}

/** What the addon exports. */
export interface NativeAddon {
  NativeTun: {
    open(name: string, isTap: boolean, wake: () => void): NativeTun
  }
}
