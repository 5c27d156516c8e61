/**
 * The head of a pcap file (the libpcap format, little-endian, microseconds); its records come from the data plane.
 *
 *   offset  size  field
 *        0     4  magic number: a1b2c3d4
 *        4     2  major version: 2
 *        6     2  minor version: 4
 *        8     8  zero
 *       16     4  most bytes kept of a packet
 *       20     4  link type: 101 for IP packets, 1 for Ethernet frames
 *
 * A record is 16 bytes (seconds, microseconds, bytes kept, bytes of the packet, 4 bytes each) and the bytes kept.
 */

const MAGIC = 0xa1b2c3d4
const HEADER_BYTES = 24

/** Returns the head of a pcap file. */
export function pcapHeader(linkType: number, snapBytes: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, snapBytes, true)
  view.setUint32(20, linkType, true)
  return bytes
}
