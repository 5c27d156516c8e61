/** The value that decoders return instead of throwing when bytes or text are not what they should be. */

/** Says why something could not be decoded. A value, not an Error: peers and users cause it. */
export class Malformed {
  /** What is wrong, in a few words fit for a log. */
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}
