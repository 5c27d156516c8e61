/** The ports on real sockets, timers and randomness. */

export {}
