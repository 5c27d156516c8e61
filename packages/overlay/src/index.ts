/** The self-organising ring: connections, topology, routing, request and reply. */

export {}
