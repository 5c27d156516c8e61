/** Runs overlay scenarios in virtual time. */

export {}
