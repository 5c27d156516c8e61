/** Cuts lists into pages that fit one datagram. */
import { HELD_OVERHEAD_BYTES } from '../wire/held-entry.ts'
import { PAGE_BYTES_GOAL, PAGE_ENTRIES_MAX } from '../limits.ts'

/** Returns the items that fit one page: at least one, then as many as stay within the goal. */
export function firstPage<T>(items: readonly T[], bytesOf: (item: T) => number): T[] {
  const page: T[] = []
  let bytes = 0
  for (const item of items) {
    bytes += bytesOf(item) + HELD_OVERHEAD_BYTES
    if (page.length > 0 && (bytes > PAGE_BYTES_GOAL || page.length >= PAGE_ENTRIES_MAX)) break
    page.push(item)
  }
  return page
}

/** Returns all pages of `items`. */
export function allPages<T>(items: readonly T[], bytesOf: (item: T) => number): T[][] {
  const pages: T[][] = []
  for (let at = 0; at < items.length; at += pages.at(-1)?.length ?? 1)
    pages.push(firstPage(items.slice(at), bytesOf))
  return pages
}
