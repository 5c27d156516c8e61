/** Every cap and period of the overlay, each with its reason. */

/** A packet takes at most this many hops: a ring of 256 nodes without a single shortcut needs 32, and a loop must end. */
export const HOP_LIMIT = 100

/** Live connections wanted on each side: half of 500 nodes may die at once and only 31 of them lose a whole side of four. */
export const NEAR_PER_SIDE = 4

/** Peers dialled on each side by a node that looks for its place: its neighbours; those behind them have time until it is found. */
export const SEEKING_PER_SIDE = 1

/** Bytes of one request or reply body; with the headers it stays below the smallest path MTU that IPv6 allows (1,280). */
export const BODY_BYTES_GOAL = 1_100

/** Bytes of one request or reply body that are accepted: what one UDP datagram can carry after fragmentation. */
export const BODY_BYTES_MAX = 16_384

/** Connections of one node: 8 near, shortcuts and on-demand peers of a busy host, and room for a bootstrap's leaves. */
export const CONNECTIONS_MAX = 1_024

/** Links that are being set up at the same time; a join needs about a dozen. */
export const LINKS_PENDING_MAX = 64

/** Immediate neighbours are asked after this much silence: their death stops the ring, and this costs 20 bytes a second. */
export const NEIGHBOR_PROBE_MS = 5_000

/** Nobody is asked twice within this time because another one is silent. */
export const SUSPECT_AGAIN_MS = 2_000

/** Peers that were heard within this time are not asked then: who went with the silent one was silent for as long as it took to notice. */
export const SUSPECT_HEARD_MS = 4_000

/** Near peers that are asked because another one is silent are watched closely for this long: by then they are heard, or gone. */
export const SUSPECT_WATCH_MS = 4_000

/** Peers on each side that are asked when a near one is silent: twice as many as are near, who take the places of those that are gone. */
export const SUSPECTS_PER_SIDE = 8

/** So long after a lost probe that was answered later nobody is watched closely. */
export const LOSSY_MS = 60_000

/** A candidate that is silent for so long no longer keeps those behind it from being dialled. */
export const LINK_SILENT_MS = 1_500

/** The ring is asked for a candidate of hearsay that is silent for so long, which is two initiations: where it finds nobody the dial ends. */
export const LINK_ASK_MS = 1_000

/** Pause before a candidate that did not answer is dialled again, while the ring is incomplete. */
export const LINK_RETRY_MS = 2_000

/** Relays that a channel without a direct path measures and chooses from: one may fail, and three more are ready. */
export const RELAYS_PER_CHANNEL_MAX = 4

/** Nearest peers that are asked to relay to one other: who is near it is likely connected with it. */
export const RELAY_CANDIDATES_MAX = 12

/** Peers asked at a time to connect with somebody in order to relay: one may be as far from reaching it as the asker. */
export const RELAY_MAKES_MAX = 2

/** Neighbours through which a suspect peer is probed before it counts as gone: the nearest may have lost it, too. */
export const INDIRECT_WAYS = 2

/** How long a refusal holds: connections change within seconds, the switch hardly ever. */
export const RELAY_REFUSED_MS = 30_000

/** A path through others that a better one replaced stays this long: the peer may still send by it, and confirms the better one a round trip later. */
export const NEEDLESS_EDGE_MS = 2_000

/** Head start of the lower of two addresses that need a relay: both would ask for twice as many as are needed. */
export const RELAY_TURN_MS = 1_000

/** Longest head start of the direct way before a link is also tried through the peer that named the candidate. */
export const LINK_DIRECT_MAX_MS = 1_000

/** Head start of the direct way on a quick network: the turn of the lower address, and a busy machine. */
export const LINK_DIRECT_MIN_MS = 200

/** Round trips to the peer that named the candidate, which belong to the head start: a handshake takes two, and the candidate may be farther. */
export const LINK_DIRECT_ROUND_TRIPS = 4

/** Head start of the lower of two addresses that have just heard of each other: two crossing handshakes cost twice. */
export const LINK_TURN_MS = 100

/** A leaf has this long, and some round trips, to ask the ring for somebody before it is asked again by another way. */
export const PROXY_PATIENCE_MS = 700

/** Round trips to a leaf that it is given besides: what it asks takes several hops. */
export const PROXY_ROUND_TRIPS = 6

/** By then a leaf has told whether it is in the ring: a round trip, and some time for a busy machine. */
export const LEAF_STATUS_MS = 300

/** A newcomer waits so long for what the ring says before it exchanges with a leaf that is in the ring as with a neighbour. */
export const LEAF_PATIENCE_MS = 1_500

/** Round trips to a leaf in the ring that a newcomer waits for before it asks another one for its neighbours: some hops, and back. */
export const LOOKUP_ROUND_TRIPS = 6

/** First pause before a node asks its neighbours again while the ring around it is incomplete: a few round trips. */
export const INCOMPLETE_RETRY_MIN_MS = 250

/** While the ring around a node is incomplete it asks again this often; nothing backs off beyond two seconds. */
export const INCOMPLETE_RETRY_MS = 1_000

/** Time after which a connection that neither end has a role for is closed. */
export const UNNEEDED_GRACE_MS = 20_000

/** A node that has its place keeps a leaf this long: until then it may have to ask whether the place is the right one. */
export const LEAF_KEEP_MS = 10_000

/** Period of the check for connections that nobody needs. */
export const TRIM_PERIOD_MS = 10_000

/** A direct connection made for traffic is kept this long after the last packet. */
export const ON_DEMAND_IDLE_MS = 300_000

/** Pause between attempts to reach a peer that traffic asks for. */
export const ON_DEMAND_RETRY_MS = 1_000

/** Peers that traffic asks for at the same time. */
export const ON_DEMAND_MAX = 512

/** Attempts to reach a peer that traffic asks for before the wish is dropped. */
export const ON_DEMAND_ATTEMPTS_MAX = 5

/** Rings above this size get shortcuts: below it the near connections already reach everybody. */
export const SHORTCUT_MIN_RING = 10

/** Hops that a greedy route takes for each halving of the distance, as measured: what a longer rest of the way is weighed with. */
export const HOPS_PER_OCTAVE = 0.4

/** Shortcuts others may open to one node, so that a popular position does not collect them without bound. */
export const SHORTCUTS_MAX = 64

/** Who is asked for a shortcut answers when it is connected with the asker, at the latest after this time: the answer has one hop then. */
export const SHORTCUT_ANSWER_MS = 1_000

/** Who asks for a shortcut has time: it asks again when the way there, the answer's pause and the way back are over. */
export const SHORTCUT_PATIENCE_MS = 2_500

/** Pause between two looks at the shortcuts. */
export const SHORTCUT_PERIOD_MS = 10_000

/** Pause before the first trial of another shortcut, doubled with each: a trial costs both ends some 6 kB. */
export const SHORTCUT_TRIAL_FIRST_MS = 300_000

/** The longest pause between two trials: nodes move seldom, and an idle node should stay idle. */
export const SHORTCUT_TRIAL_MAX_MS = 2_400_000

/** Nodes found nearby are not met again within this time: they are in the same ring, or cannot be reached. */
export const MET_FRESH_MS = 300_000

/** Nodes nearby whose meeting is remembered. */
export const MET_MAX = 64

/** A hello to the bootstraps while the node has no connection. */
export const LEAF_RETRY_MS = 1_000

/** The same for a bootstrap that answered, once there are enough leaves in the ring: most nodes have joined by then, and none may fall silent. */
export const LEAF_ANSWERED_MS = 1_900

/** Leaves in the ring that a newcomer links to: one tells it the way, and the other one whether that is the same ring. */
export const LEAVES_IN_RING_MAX = 2

/** A hello to the bootstraps after a failed one, when the node is in a ring: an operator waits for them to come back. */
export const LEAF_FAILED_PERIOD_MS = 5_000

/** Longest pause between hellos to a bootstrap that keeps silent, times the number of such: the cost of all stays the same. */
export const LEAF_FAILED_PERIOD_MAX_MS = 60_000

/** Losses of peers within this time count together: a silent peer is missed after 15 s at most. */
export const LEAF_LOSSES_MS = 15_000

/** Losses counted: a fourth of all the connections that a node can have are many in any ring. */
export const LEAF_LOSSES_MAX = 256

/** If one peer in this many was lost the network may have split; fewer are the daily coming and going. */
export const LEAF_LOSSES_SHARE = 3

/** A hello to the bootstraps after peers were lost: time for the loss of others to show too. */
export const LEAF_HURRY_MS = 2_000

/** A hello to the bootstraps when all is well: notices that they ended up in a ring of their own. */
export const LEAF_IDLE_PERIOD_MS = 60_000

/** Where there are several bootstraps each is asked this many times more rarely: hardly ever one of them is in a ring of its own. */
export const LEAF_IDLE_SHARE = 5

/** A node whose bootstraps all stay silent for this long takes itself for the first of the ring. */
export const ALONE_AFTER_MS = 3_000

/** The same where only the local network is asked: neighbours answer within milliseconds, and three questions are out by then. */
export const ALONE_ON_LAN_AFTER_MS = 1_500

/** RemoteTAs of one node; more than this is a mistake in a configuration file. */
export const REMOTE_TAS_MAX = 256

/** Departed peers remembered for merging split rings. */
export const DEPARTED_MAX = 256

/** How long a departed peer is remembered. */
export const DEPARTED_TTL_MS = 24 * 3_600_000

/** A departed peer is not tried before: whoever was only restarted has come back by itself by then. */
export const DEPARTED_AFTER_MS = 20_000

/** A departed peer is tried for so long, which is three initiations: most are gone for good. */
export const DEPARTED_TRY_MS = 3_000

/** One departed peer is tried this often. */
export const DEPARTED_PERIOD_MS = 60_000

/** And one of those that were not tried yet, where few are left: what is left may be a part of a ring that does not know the others. */
export const DEPARTED_FEW_PERIOD_MS = 3_000

/** Rings of this size have few nodes: trying everybody who is lost costs them little. */
export const DEPARTED_FEW_MAX = 16

/** Calls in a row that were answered only by another way before a first hop is avoided: one may have met a dead node further on. */
export const HOP_DISTRUST_FAILURES = 2

/** How long a first hop that loses calls is avoided: a liar is tried again now and then, and so is a neighbour that had bad luck. */
export const HOP_DISTRUSTED_MS = 30_000

/** A neighbour that was silent for this long is probed along with the packet handed to it: the asker's resends come within seconds. */
export const HOP_PROBE_MS = 5_000

/** A packet handed to a neighbour that was silent for this long is kept until it is heard: of those heard sooner one in sixty is gone where sessions last two minutes. */
export const REPAIR_SILENCE_MS = 4_000

/** A neighbour has at least this long to answer before a packet goes another way: a busy machine is no dead one. */
export const REPAIR_ANSWER_MIN_MS = 200

/** The same at most: the asker sends its request again soon after. */
export const REPAIR_ANSWER_MAX_MS = 1_000

/** Neighbours that one node hands one packet to: all of a crowd that went together are missed at the same time. */
export const REPAIR_WAYS_MAX = 3

/** Packets kept for another way: some hundred kilobytes at most, and a second of a busy node's requests. */
export const REPAIR_PACKETS_MAX = 256

/** Hops of a datagram that is sent by way of a peer's neighbour: that one hands it over, or knows who does. */
export const VIA_HOP_LIMIT = 3

/** Open requests of one node. */
export const REQUESTS_MAX = 4_096

/** Replies kept for repeated requests: at most once needs the answer until the asker stops resending. */
export const REPLY_CACHE_MAX = 2_048

/** How long a reply is kept for repetitions. */
export const REPLY_CACHE_MS = 30_000

/** Resends of one request: each takes another way, and of ways with two strangers on them in a ring of liars one in three works. */
export const REQUEST_RESENDS_MAX = 8

/** First timeout of a request before any round trip was measured. */
export const REQUEST_TIMEOUT_FIRST_MS = 1_000

/** Shortest timeout of a request: below this a busy receiver looks like a lost packet. */
export const REQUEST_TIMEOUT_MIN_MS = 200

/** Longest timeout between two resends: a dead node on the way is suspected by then, and ways are left to be tried. */
export const REQUEST_TIMEOUT_MAX_MS = 1_500

/** What a resend waits beyond the round trip at least: where that hardly varies the answer would cross the resend. */
export const REQUEST_TIMEOUT_SLACK_MS = 100

/** Total time of a call that names none: a dead neighbour of the target is missed within six seconds, and so may be the one behind it. */
export const CALL_TIMEOUT_MS = 13_000

/** Round-trip statistics are kept for this many destinations. */
export const RTT_TABLE_MAX = 1_024

/** Leaving waits this long for goodbyes and hand-overs of the layers above. */
export const LEAVE_TIMEOUT_MS = 2_000

/** Bytes of an application protocol name on the wire. */
export const PROTOCOL_NAME_MAX = 64

/** Peers that worked lately, kept over a restart: some of 64 are still there after most of a network has gone. */
export const REMEMBERED_PEERS_MAX = 64

/** Remembered peers dialled at a time while the node has no way into the ring: as many as a configuration names bootstraps. */
export const REMEMBERED_DIALS_MAX = 4

/** Pause between two such tries: all of them have had their turn within 16 s. */
export const REMEMBERED_DIAL_GAP_MS = 1_000
