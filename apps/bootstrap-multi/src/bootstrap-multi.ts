/** Runs many ring nodes behind one port. */

export {}
