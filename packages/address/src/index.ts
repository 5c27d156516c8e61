/** 160-bit ring addresses: text form, order, distance, ranges. */

export {}
