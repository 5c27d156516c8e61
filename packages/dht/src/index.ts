/** Replicated soft-state store on the ring. */

export {}
