/** Options of an LRU cache of so many entries. Unlike `max` this takes no memory before there are any. */
export function bounded(entries: number) {
  return { maxSize: entries, sizeCalculation: () => 1 };
}
