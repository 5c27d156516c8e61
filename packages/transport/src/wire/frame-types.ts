/** First bytes: of datagrams on the wire, and of frames inside transport data. */

/** Handshake initiation (DESIGN section 5). */
export const DATAGRAM_INITIATION = 0x01
/** Handshake response. */
export const DATAGRAM_RESPONSE = 0x02
/** Cookie reply. */
export const DATAGRAM_COOKIE = 0x03
/** Transport data. */
export const DATAGRAM_DATA = 0x04
/** Hello: who is behind this port, and where am I seen at? */
export const DATAGRAM_HELLO = 0x10
/** Hello reply. */
export const DATAGRAM_HELLO_REPLY = 0x11
/** Relay frame. */
export const DATAGRAM_RELAY = 0x12
/** Relay frame that nobody may cut into fragments. */
export const DATAGRAM_RELAY_WHOLE = 0x13

/** Ping: asks for a pong on the same path. */
export const FRAME_PING = 0x01
/** Pong: answers a ping. */
export const FRAME_PONG = 0x02
/** Overlay packet. */
export const FRAME_OVERLAY = 0x03
/** Relay control message. */
export const FRAME_RELAY_CONTROL = 0x04
/** Close: the sender forgets this session now. */
export const FRAME_CLOSE = 0x05
/** An IP packet whose inner checksum is left to the receiver. */
export const FRAME_IP_PARTIAL = 0x06
/** Path offer: where the sender can be reached just now. */
export const FRAME_PATH_OFFER = 0x07
/** Reach check: who is let in by the filters in front of a node. */
export const FRAME_REACH_CHECK = 0x08
/** Direct packet of the overlay. */
export const FRAME_DIRECT = 0x09
