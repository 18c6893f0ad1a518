/**
 * How many entries an LRU cache holds at most, as its options. `max` would say the same and allocate all of them when the cache
 * is made: for the caches of a server 0.1 s of its start, whether or not they are ever filled.
 */
export const upTo = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 })
