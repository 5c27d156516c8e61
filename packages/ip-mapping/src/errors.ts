/** Errors of this package; only misuse throws, everything a peer or the DHT does is a value or an event. */

/** What went wrong. */
export type IpMappingErrorCode =
  'IP_MAPPING_BAD_STATIC_ADDRESS' | 'IP_MAPPING_BAD_SETTINGS' | 'IP_MAPPING_STOPPED'

/** An error with a stable code. */
export class IpMappingError extends Error {
  readonly code: IpMappingErrorCode

  constructor(fields: { code: IpMappingErrorCode; problem: string }) {
    super(`${fields.code}: ${fields.problem}`)
    this.name = 'IpMappingError'
    this.code = fields.code
  }
}
