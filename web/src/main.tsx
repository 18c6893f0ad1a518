import './mantine.css'
import './global.css'
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { storeQueries } from './offline/kept-queries.ts'
import { registerServiceWorker } from './offline/register-service-worker.ts'
import { StoredList } from './offline/stored-list.ts'
import { queryClient } from './plinth.ts'
import { products } from './products/products.ts'
import { router } from './router.tsx'
import { reloadRestoredPages } from './session/clear-pages.ts'
import { sessionQuery } from './session/session.ts'
import { colorSchemeManager, cssVariables, theme } from './theme.ts'
import { followLeftBehind } from './unsent/left-behind.ts'

storeQueries(new StoredList(products))
followLeftBehind()
registerServiceWorker()
reloadRestoredPages()

// Asked while the page's own code is still on its way.
void queryClient.prefetchQuery(sessionQuery)

createRoot(document.getElementById('app') as HTMLElement).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={colorSchemeManager}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)

for (const { background } of products) background?.().catch(() => {})
