/** Every cap and interval of this package, each with its reason. */

/** RFC 1812 §4.3.2.3: an ICMP error is at most 576 bytes, less 28 for its own headers. */
export const ICMP_QUOTE_BYTES_MAX = 548

/** RFC 4443 §2.4 (c): an ICMPv6 error is at most 1,280 bytes, less 48 for its own headers. */
export const ICMPV6_QUOTE_BYTES_MAX = 1_232

/** RFC 8200 §5: every link of IPv6 carries this, so that hosts need not send less. */
export const IPV6_MTU_MIN = 1_280

/** ICMP errors to the local stack per second; Linux sends at most 1,000 to everybody, one host needs less. */
export const ICMP_ERRORS_PER_SECOND_MAX = 100

/** A /14 of hosts talking to one node; beyond that the least recently used mappings are looked up again. */
export const RESOLVER_ENTRIES_MAX = 16_384

/** A lookup is up to eight requests; more at a time would crowd out the overlay's own traffic. */
export const RESOLVER_QUERIES_MAX = 32

/** A port scan of the virtual network must not queue lookups for minutes. */
export const RESOLVER_QUEUE_MAX = 256

/** Mappings are trusted this long at most, whatever their time to live: two generations in the original. */
export const RESOLVER_FRESH_MAX_MS = 600_000

/** A mapping in use is looked up again when this part of its life is over, so that traffic never waits for it. */
export const RESOLVER_REFRESH_FRACTION = 0.75

/**
 * An address that nobody holds may be leased the next moment: two nodes that start together ask for each other before
 * either has written its lease. Doubled with every miss, so that an unused address soon costs little.
 */
export const RESOLVER_NEGATIVE_MIN_MS = 200

/** Repeated misses are asked about at most this often. */
export const RESOLVER_NEGATIVE_MAX_MS = 15_000

/** A lookup that failed (not: found nothing) is repeated at once this often before the packets give up. */
export const RESOLVER_ATTEMPTS_MAX = 3

/** Packets that contradict a mapping cause at most one lookup in this time, so that forgeries cannot cause a storm. */
export const RESOLVER_RECHECK_MS = 5_000

/** Values of one key that are looked at; an honest lease has one, a merge has two. */
export const DHT_VALUES_CONSIDERED_MAX = 64

/** Packets that wait for one address: the opening burst of a few connections. */
export const WAITING_PACKETS_PER_IP_MAX = 32

/** Packets that wait in total: about 1.5 MB. */
export const WAITING_PACKETS_MAX = 1_024

/** Resolving and connecting take a few seconds at worst; TCP repeats its SYN after 1 and 3 s. */
export const WAITING_MAX_MS = 8_000

/** Backstop for carriers that do not announce new channels: waiting packets are tried again this often. */
export const WAITING_RETRY_MS = 250

/** Packets written to the device in one go: one train of a 64 KB segment. */
export const DEVICE_BATCH_MAX = 64

/** Rows in the forwarding table, one per remote address in use. */
export const FORWARDING_ROWS_MAX = 16_384

/** Rows are checked against the resolver this often, because the packets they carry never pass by here. */
export const FORWARDING_CHECK_MS = 30_000

/** Rows without traffic this long are taken out. */
export const FORWARDING_IDLE_MAX_MS = 600_000

/** Members that one multicast packet is copied to; the overlay is no place for larger groups. */
export const MULTICAST_MEMBERS_MAX = 256

/** Members are looked up again this often while multicast packets are sent. */
export const MULTICAST_REFRESH_MS = 30_000

/** Lease time when the network settings name none: the sample configuration's. */
export const LEASE_SECONDS_DEFAULT = 3_600

/** Shorter leases would spend more on renewing than on traffic. */
export const LEASE_SECONDS_MIN = 30

/** The DHT keeps nothing longer than seven days. */
export const LEASE_SECONDS_MAX = 604_800

/** A lease ends here this much before it ends in the DHT, so that two nodes never use one address. */
export const LEASE_EXPIRY_MARGIN_MS = 5_000

/** Addresses tried in a row before the node pauses; in a network half full, eight in a row fail once in 256 times. */
export const LEASE_CANDIDATES_PER_ROUND_MAX = 8

/** First pause after a round without a free address, and after a failed create. */
export const LEASE_RETRY_MIN_MS = 1_000

/** Longest pause while the node has no address. */
export const LEASE_RETRY_MAX_MS = 30_000

/** Pause between tries to renew before the last eighth of the lease. */
export const LEASE_RENEW_RETRY_MS = 15_000

/** Pause between tries to renew in the last eighth. */
export const LEASE_REBIND_RETRY_MS = 5_000

/** Part of the lease after which renewing becomes rebinding (RFC 2131 §4.4.5: T2 = 7/8). */
export const LEASE_REBIND_FRACTION = 0.875

/** A claim is looked after this often: a merge elsewhere in the ring changes no neighbour here. */
export const LEASE_VERIFY_MS = 180_000

/** While the ring around the node changes, a claim is looked after this soon: both sides of a merge may have renewed. */
export const LEASE_VERIFY_UNSETTLED_MS = 20_000

/** The ring counts as changing for this long after its last change. */
export const RING_UNSETTLED_MS = 60_000

/** First claim again after the ring around the node changed; neighbours change in bursts. */
export const LEASE_REASSERT_MS = 2_000

/** Claims again are at least this far apart, however often neighbours change. */
export const LEASE_REASSERT_INTERVAL_MIN_MS = 10_000

/** A static address that somebody else holds is tried again this often. */
export const LEASE_STATIC_RETRY_MS = 15_000

/** An address lost to another node is not asked for again for this long. */
export const LEASE_HOLD_DOWN_MS = 600_000

/** An address found taken is not asked for again for this long: long enough to try others, short enough for a full network. */
export const LEASE_TAKEN_MS = 30_000

/** Addresses known to be taken or held down; in larger networks chance rarely meets them again. */
export const LEASE_EXCLUDED_MAX = 4_096

/** Consecutive addresses looked at when a random one may not be used; reserved ranges are short or whole subnets. */
export const LEASE_SCAN_MAX = 65_536

/** A DHT operation without an answer after this long counts as failed. */
export const DHT_OPERATION_TIMEOUT_MS = 30_000

/** Operations given up whose late success must still be undone. */
export const ABANDONED_REQUESTS_MAX = 16

/** First pause after a registration failed. */
export const REGISTRATION_RETRY_MIN_MS = 2_000

/** Longest pause after registrations failed. */
export const REGISTRATION_RETRY_MAX_MS = 30_000

/** Network settings are asked for this often until somebody has published them. */
export const SETTINGS_RETRY_MS = 500

/** Longest pause between tries to get the network settings. */
export const SETTINGS_RETRY_MAX_MS = 10_000

/** The DHT refuses longer values; longer settings are not ours. */
export const SETTINGS_BYTES_MAX = 1_024

/** Settings outlive the last node that has the file by as long as the DHT allows: newcomers need them. */
export const SETTINGS_TTL_SECONDS = 604_800

/** Programs that wait for an address to be resolved. */
export const RESOLVE_CALLERS_MAX = 256

/** On stop, releasing in the DHT may take this long before the node leaves anyway. */
export const RELEASE_TIMEOUT_MS = 3_000

/** Answers kept by the name server. */
export const DNS_CACHE_MAX = 1_024

/** Questions waiting for the DHT or for another name server. */
export const DNS_PENDING_MAX = 64

/** Names are at most 255 bytes on the wire (RFC 1035 §2.3.4). */
export const DNS_NAME_BYTES_MAX = 255

/** Compression pointers followed in one name; a name has at most 127 labels, honest ones a handful. */
export const DNS_POINTERS_MAX = 16

/** Answers over UDP without EDNS are at most this long (RFC 1035 §4.2.1); longer forwarded ones go through as they are. */
export const DNS_MESSAGE_BYTES_MAX = 4_096

/** Time to live of answers computed from the address itself, as in the original. */
export const DNS_TTL_SECONDS = 1_800

/** Time to live of answers from the DHT: a host can move to a new address. */
export const DNS_DHT_TTL_SECONDS_MAX = 60

/** A name that nobody registered may be registered the next moment. */
export const DNS_NEGATIVE_TTL_SECONDS = 5

/** A question without an answer after this long is answered with SERVFAIL; programs give up after 5 s. */
export const DNS_ANSWER_TIMEOUT_MS = 4_000

/** DHCP options of one message; the option area of an honest client is below 312 bytes. */
export const DHCP_OPTIONS_MAX = 64

/** Minimum length of a BOOTP message (RFC 1542 §2.1); some clients drop shorter ones. */
export const DHCP_MESSAGE_BYTES_MIN = 300

/** The host's client asks again after half of this, and so learns soon when the node got another address. */
export const DHCP_LEASE_SECONDS_MAX = 240

/** A question from the host's client is answered later if the node gets an address in this time; then it asks again. */
export const DHCP_PENDING_MS = 10_000

/** A second host on the link may take over when the first was silent this long: it has renewed twice by then. */
export const DHCP_CLIENT_SILENT_MS = 300_000

/** ARP requests that wait for a lookup; a host sends one a second per address. */
export const ARP_PENDING_MAX = 64
