/** Walks the ring and reports on its health; DHT and control-socket tools. */

export {}
