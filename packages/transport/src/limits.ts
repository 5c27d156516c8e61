/** Caps of the transport: every table, queue and retry has one, with the reason. */

/** A host name of DNS has at most 253 characters (RFC 1035 §2.3.4 without the root). */
export const HOST_NAME_LENGTH_MAX = 253

/** Paths name one of a few nodes behind a port; longer ones only waste hello bytes. */
export const PATH_LENGTH_MAX = 64

/** Two families, a few interfaces and a few NAT mappings: more endpoints than this never helped a dial. */
export const HINT_ENDPOINTS_MAX = 16

/** Holds the longest reply: a record with a certificate (411), 16 IPv4 endpoints and 22 bytes around them. */
export const HELLO_BYTES = 576

/** Shorter hellos could not carry a reply with a node record, so they are refused unread. */
export const HELLO_BYTES_MIN = 256

/** What a reply holds besides the node record: 22 bytes, 12 more for an asker on IPv6, and eight IPv4 endpoints. */
export const HELLO_ROOM_BYTES = 90

/** Sends of a hello that are only as long as a reply with a record like the asker's own needs; a longer record is met by those after. */
export const HELLO_SHORT_SENDS = 3

/** A bootstrap must serve a flash crowd, but hellos must not crowd out sessions: under 5 Mbit/s of answers. */
export const HELLO_ANSWERS_PER_SECOND_MAX = 1_000

/** One host asks for itself and the nodes behind its NAT; beyond this it only floods. */
export const HELLO_ANSWERS_PER_HOST_PER_SECOND_MAX = 100

/** Counters of the per-host rate limit are hashed into this many cells, so that sources cost no memory. */
export const HELLO_RATE_CELLS = 1_024

/** All RemoteTAs of a configuration are asked at once, each possibly with several addresses. */
export const HELLOS_PENDING_MAX = 256

/** Edge objects kept per port; an evicted one is made anew by the next datagram. */
export const UDP_EDGES_MAX = 8_192

/** An edge object unused for this long may be dropped first when the table is full. */
export const UDP_EDGE_IDLE_MS = 60_000

/** Datagrams between nodes of one socket waiting for delivery; beyond it they are lost, as in a socket buffer. */
export const LOCAL_QUEUE_MAX = 4_096

/** Deliveries between nodes of one socket before timers and sockets have their turn: a handshake and what follows take a dozen. */
export const LOCAL_ROUNDS_MAX = 64

/** Nodes behind one port: bootstrap-multi runs 16, tests some hundred. */
export const NODES_PER_PORT_MAX = 1_024

/** Receiver indices per shared table: four for every session of 16 full nodes, times four, so that a free one is found at once. */
export const INDEXES_MAX = 2 ** 20

/** Channels of one node: near, shortcut and on-demand peers stay far below; a flood of strangers stops here. */
export const CHANNELS_MAX = 2_048

/** Paths remembered per channel: every endpoint of a hint plus some relays and observed endpoints. */
export const PATHS_PER_CHANNEL_MAX = 24

/** Paths remembered after they were given up, to say what became of them. */
export const PATHS_GONE_MAX = 16

/** Pings of one path that may still be answered; older ones are forgotten. */
export const PINGS_OUTSTANDING_MAX = 4

/** Datagrams handed in while another one is being handled (ring edges do that); beyond it they are lost. */
export const REENTRANT_QUEUE_MAX = 256

/** Where a peer is seen it is told again after this time: what nobody confirms is not believed for much longer. */
export const OBSERVED_AGAIN_MS = 240_000

/** NATs commonly drop idle UDP mappings after 30 s; refresh at half of that. */
export const IDLE_PROBE_MS = 15_000

/** A probe is never more patient than this: three misses must stay within ten seconds. */
export const PROBE_TIMEOUT_MAX_MS = 3_000

/** Scheduling delays of a busy machine must not look like loss. */
export const PROBE_TIMEOUT_MIN_MS = 200

/** RFC 6298 §2.1: before the first measurement, assume one second. */
export const PROBE_TIMEOUT_INITIAL_MS = 1_000

/** Misses in a row after which the peer counts as lost. */
export const PROBE_MISSES_MAX = 3

/** A peer is not lost before: a machine that changes its network, or stood still for a moment, is back by then. */
export const LOST_SILENCE_MIN_MS = 5_000

/** A path through others is asked this seldom when a peer is silent: each ping costs those in between, too. */
export const RING_PING_GAP_MS = 1_000

/** Misses in a row after which the owner is warned. */
export const PROBE_MISSES_SUSPECT = 2

/** First interval of the search for better paths; both ends start at once, so holes open early. */
export const SEARCH_INTERVAL_MIN_MS = 250

/** Slowest search while the active path is not direct: the peers still deserve a better one. */
export const SEARCH_INTERVAL_MAX_MS = 60_000

/** Slowest search while the active path is direct UDP: only a lower round trip can be gained. */
export const SEARCH_INTERVAL_DIRECT_MAX_MS = 300_000

/** A changed status is told within a second; half of it leaves room for the network. */
export const STATUS_DELAY_MS = 500

/** Ends that meet have news for each other at the same time: the ping of the one brings a pong with the other's. */
export const STATUS_DELAY_SECOND_MS = 700

/** That an end needs the channel less is told within this time: a silent peer is probed sooner, which tells it. */
export const STATUS_LESS_DELAY_MS = 17_000

/** TCP endpoints are tried this much later than UDP ones, which are preferred anyway. */
export const TCP_DIAL_DELAY_MS = 1_000

/** Pause between the UDP endpoints of one hint (RFC 8305 §5 asks for 10 ms at least): on a quick network one is enough. */
export const UDP_DIAL_GAP_MS = 40

/** A direct path with a round trip below this is as good as any other: no further endpoint is tried. */
export const GOOD_PATH_RTT_MS = 5

/** Who sent something and heard nothing for this long asks: a peer that restarted cannot read what is sent to its former self. */
export const UNANSWERED_PROBE_MS = 1_000

/** What is sent this soon after something came is taken for an answer, to which nothing need come: a node answers at once. */
export const ANSWER_MS = 50

/** Reflexive addresses kept per node; more mappings than this mean a NAT that no hint can describe. */
export const REFLEXIVE_ADDRESSES_MAX = 16

/** Reflexive addresses offered in a hint. */
export const REFLEXIVE_ADDRESSES_OFFERED_MAX = 4

/** An observed endpoint that nobody confirmed for this long is no longer offered. */
export const REFLEXIVE_ADDRESS_TTL_MS = 600_000

/** Peers known to live on this machine, whose loopback endpoints may be used. */
export const MACHINE_PEERS_MAX = 256

/** Reasons for drops are a few dozen fixed texts. */
export const DROP_REASONS_MAX = 64

/** How long a hello is repeated when the caller names no other time: a few losses on a slow path. */
export const HELLO_TIMEOUT_MS = 5_000

/** Streams per TCP port: most peers use UDP, and each stream costs a descriptor of about 1,024. */
export const TCP_EDGES_MAX = 512

/** Accepted streams over which nothing was authenticated yet; strangers must not use up the table. */
export const TCP_UNPROVEN_MAX = 64

/** An accepted stream must prove itself within this time: a handshake takes three round trips. */
export const TCP_UNPROVEN_MS = 10_000

/** Waiting longer for a connection is pointless: the handshake above gives up after 20 s. */
export const TCP_CONNECT_TIMEOUT_MS = 5_000

/** Bytes waiting in a stream; beyond it datagrams are lost, as the sessions above expect of a full path. */
export const TCP_QUEUE_BYTES_MAX = 262_144

/** Frames through a relay that nothing comes back for are followed by a ping: two misses more and another relay is taken. */
export const RELAY_SILENCE_MS = 500

/** Reporters remembered per reflexive address: enough to tell one mapping for all from one per peer. */
export const REPORTERS_MAX = 8

/** Unanswered pings in a row after which a path must prove itself again: one loss is common, two are news. */
export const PATH_MISSES_MAX = 2

/** Longest pause between two hellos to a port that does not answer: a bootstrap that starts is found soon. */
export const HELLO_RESEND_MAX_MS = 2_000

/** Largest datagram in a stream: its length has two bytes, as UDP's has. */
export const STREAM_DATAGRAM_BYTES_MAX = 65_535

/** Interfaces and families that nodes are looked for on: machines with more have them for containers. */
export const LAN_LINKS_MAX = 16

/** Pause between questions to the local networks, less or more by a quarter: under 2 B/s on an interface of both families. */
export const LAN_PERIOD_MS = 60_000

/** Questions of others within a period after which a node keeps its own to itself, so that large networks stay quiet. */
export const LAN_QUESTIONS_ENOUGH = 3

/** Answers of one node to the local networks; they are as long as the questions. */
export const LAN_ANSWERS_PER_SECOND_MAX = 20

/** Nodes taken from the answers to one question: any of them leads into the ring. */
export const LAN_FOUND_MAX = 4

/** First pause before a question to the gateway is repeated; every further one is doubled (RFC 6886 §3.1). */
export const MAPPING_RESEND_MS = 250

/** Questions to a gateway before it counts as silent, in under two seconds: it is a hop away, and UPnP waits its turn. */
export const MAPPING_SENDS_MAX = 3

/** Lifetime asked for: a gateway that forgot its mappings is told again after half of it. */
export const MAPPING_LIFETIME_SECONDS = 1_800

/** A gateway that grants seconds only is renewed no more often than this. */
export const MAPPING_RENEW_MIN_MS = 30_000

/** First pause after a round that mapped nothing. */
export const MAPPING_RETRY_MIN_MS = 60_000

/** Longest pause between rounds that map nothing: gateways are seldom reconfigured. */
export const MAPPING_RETRY_MAX_MS = 3_600_000

/** A network that just changed gets this long to have its address and its router. */
export const MAPPING_SETTLE_MS = 1_000

/** How long UPnP gateways have for their answer to a search; they may wait a second (MX: 1). */
export const UPNP_SEARCH_MS = 2_500

/** Answers to a search are a few hundred bytes of headers. */
export const UPNP_ANSWER_BYTES_MAX = 2_048

/** A gateway on the same network that takes longer for one reply is broken. */
export const UPNP_REPLY_TIMEOUT_MS = 3_000

/** Descriptions of gateways are about 10 kB. */
export const UPNP_BODY_BYTES_MAX = 65_536

/** Elements looked at in a description: real ones have about a hundred. */
export const UPNP_ELEMENTS_MAX = 2_000

/** External ports tried when others hold the one wished for. */
export const UPNP_ATTEMPTS_MAX = 4

/** Destinations whose view of this node's ports is remembered: a few tell the kind of NAT, more only cost memory. */
export const NAT_OBSERVATIONS_MAX = 64

/** NATs forget idle mappings within minutes, so older observations say nothing about the next port. */
export const NAT_OBSERVATION_TTL_MS = 300_000

/** Ports tried around a sequential NAT's last one, once a round: about 3 kB. */
export const PREDICTED_PORTS_MAX = 48

/** Sockets that a node behind a random NAT opens at once: with 1,024 guesses one of them is hit in 98 of 100 cases. */
export const PORT_ARRAY_SOCKETS_MAX = 256

/** Arrays that a node has open at a time: the next channel waits for its turn. */
export const PORT_ARRAYS_MAX = 1

/** Ports guessed in one burst against a random NAT; the birthday paradox gives no more beyond this. */
export const PORT_GUESSES_MAX = 1_024

/** Guesses sent together, every 50 ms: 40 kB/s, less than a telephone call in video. */
export const PORT_GUESSES_PER_STEP_MAX = 32

/** Sockets of arrays that were hit and carry a channel. */
export const PORT_ARRAY_KEPT_MAX = 64

/** Probes of a node to endpoints that peers named, all channels together: one burst and some ranges, 120 kB/s. */
export const PROBES_PER_SECOND_MAX = 1_000

/** Sizes that are asked for: IPv6's smallest, common tunnels, clouds and PPPoE, Ethernet, and jumbo frames as clouds and switches have them. */
export const PATH_MTUS: readonly number[] = [
  1_280, 1_400, 1_460, 1_480, 1_492, 1_500, 3_900, 8_896, 9_000,
]

/** What a path is taken for before it was asked: nearly all carry Ethernet's packets. */
export const PATH_MTU_ASSUMED = 1_500

/** Probes of one size that must get lost, with pings answered in between, before it counts as too long. */
export const PATH_MTU_TRIES_MAX = 2

/** RFC 8899 §5.1.1 and RFC 4821 §7.7: after ten minutes a path may have become wider. */
export const PATH_MTU_CHECK_MS = 600_000

/** Traffic that nobody answers is common: a size that was confirmed this recently is not doubted. */
export const PATH_MTU_DOUBT_MS = 5_000

/** Headers of IPv4 (20) and UDP (8) in front of a datagram. */
export const UDP4_HEADER_BYTES = 28

/** Headers of IPv6 (40) and UDP (8). */
export const UDP6_HEADER_BYTES = 48

/** Decoded hints remembered by a process, under a kilobyte each: the peers of a busy port, or a simulated network. */
export const DECODED_HINTS_MAX = 16_384

/** UDP addresses kept for the next edge to the same endpoint, some 300 bytes each; beyond it all are made anew. */
export const ADDRESSES_SEEN_MAX = 8_192
