import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../root-route.ts'
import { takeLinkToken } from './mail/link-token.ts'
import { prefetchMethods, readReturnSearch, readSignInSearch } from './sign-in-search.ts'

/** Their paths are also in session/sign-in-link.ts and public/first-paint.js, for they have no navigation. */
export const signInRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/sign-in',
    validateSearch: readSignInSearch,
    loader: prefetchMethods,
    component: lazyRouteComponent(() => import('./sign-in-page.tsx'), 'SignInPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/register',
    validateSearch: readReturnSearch,
    component: lazyRouteComponent(() => import('./register-page.tsx'), 'RegisterPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/forgot-password',
    validateSearch: readReturnSearch,
    component: lazyRouteComponent(() => import('./mail/forgot-password-page.tsx'), 'ForgotPasswordPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/reset-password',
    beforeLoad: takeLinkToken,
    component: lazyRouteComponent(() => import('./mail/reset-password-page.tsx'), 'ResetPasswordPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/verify-email',
    beforeLoad: takeLinkToken,
    component: lazyRouteComponent(() => import('./mail/verify-email-page.tsx'), 'VerifyEmailPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/choose-names',
    validateSearch: readReturnSearch,
    component: lazyRouteComponent(() => import('./choose-names-page.tsx'), 'ChooseNamesPage'),
  }),
] as const
