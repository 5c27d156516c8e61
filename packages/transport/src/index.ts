/** Transport addresses, edges and listeners, channels between pairs of nodes. */

export {}
