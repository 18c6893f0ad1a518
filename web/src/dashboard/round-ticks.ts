/** Of an axis from 0 to at least `most`: at most five steps of 1, 2 or 5 times a power of ten, all of them whole numbers. */
export function roundTicks(most: number): { domain: [number, number]; ticks: number[] } {
  const rough = Math.max(1, most / 5)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5].find((times) => times * power >= rough) ?? 10) * power
  const count = Math.max(1, Math.ceil(most / step))
  return { domain: [0, count * step], ticks: Array.from({ length: count + 1 }, (_, place) => place * step) }
}
