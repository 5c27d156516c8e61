/** Virtual runtime: world, hosts, links, faults, traces, invariant checkers. */

export {}
