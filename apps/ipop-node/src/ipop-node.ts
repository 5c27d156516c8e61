/** Joins a ring and carries IP packets between virtual interfaces. */

export {}
