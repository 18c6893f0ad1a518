import type { Product } from '../products/product.ts'

export type NavigationEntry = NonNullable<Product['navigation']> & { label: string }

export const entriesOf = (products: readonly Product[]): NavigationEntry[] =>
  products.flatMap(({ name, navigation }) => (navigation ? [{ ...navigation, label: name }] : []))
