/** Composition root: configuration, runtime and device become a running node; management interfaces. */

export {}
