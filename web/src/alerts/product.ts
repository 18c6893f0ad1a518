import type { Product } from '../products/product.ts'

export const alertsProduct: Product = {
  name: 'Alerts',
  headerControl: async () => (await import('./alert-bell.tsx')).AlertBell,
  auditWords: { 'alerts.read': 'read an alert', 'alerts.readAll': 'read all alerts' },
}
