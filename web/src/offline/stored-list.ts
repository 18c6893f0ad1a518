/** What of all that is loaded may outlive its page: who is signed in, and what the products list. Nothing else is stored. */
import type { Product } from '../products/product.ts'

export class StoredList {
  readonly procedures: ReadonlySet<string>
  /** First parts of the keys of other queries. */
  readonly keys: ReadonlySet<unknown>

  constructor(products: readonly Product[]) {
    this.procedures = new Set(products.flatMap(({ stored }) => stored?.procedures ?? []))
    this.keys = new Set(['session', ...products.flatMap(({ stored }) => stored?.keys ?? [])])
  }

  has([first]: readonly unknown[]): boolean {
    return Array.isArray(first) ? this.procedures.has(first.join('.')) : this.keys.has(first)
  }
}
